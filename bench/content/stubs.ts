// clamd and spamd that find nothing, in a process of their own: what they cost is not the filter's.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startFakeClamd } from "../../test/support/fake-clamd.ts";
import { startFakeSpamd } from "../../test/support/fake-spamd.ts";

export interface Stubs {
  /** "127.0.0.1:port". */
  readonly clamd: string;
  readonly spamd: string;
  stop(): void;
}

export async function startStubs(): Promise<Stubs> {
  const child = fork(fileURLToPath(import.meta.url), ["child"]);
  const [{ clamd, spamd }] = await once(child, "message");
  return { clamd, spamd, stop: () => void child.kill() };
}

if (process.argv[2] === "child" && process.send !== undefined) {
  const [clamd, spamd] = [await startFakeClamd(), await startFakeSpamd()];
  process.on("disconnect", () => process.exit());
  process.send({ clamd: clamd.address, spamd: spamd.address });
}
