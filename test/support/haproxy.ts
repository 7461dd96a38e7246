// A real HAProxy in the foreground, by the block of docs/scaling.md; ended by its pid.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentBlocks } from "./document-blocks.ts";

export interface Haproxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens on `port` of 127.0.0.1 for the two filters. */
export async function startHaproxy(
  port: number,
  filters: readonly [number, number],
  header: "send-proxy" | "send-proxy-v2",
): Promise<Haproxy> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-haproxy-"));
  const file = join(folder, "haproxy.cfg");
  const block = (await documentBlocks("scaling.md"))("haproxy.cfg")
    .replace("192.0.2.1:10024", `127.0.0.1:${port}`)
    .replace("192.0.2.11:10024", `127.0.0.1:${filters[0]}`)
    .replace("192.0.2.12:10024", `127.0.0.1:${filters[1]}`)
    .replaceAll(" send-proxy-v2", ` ${header}`);
  await writeFile(file, `${block}\n`);
  const child = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString("latin1");
  });
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`haproxy ended with ${child.exitCode}: ${said}`);
  }
  return {
    port,
    async stop() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
