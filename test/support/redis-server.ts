// A real Redis server in the foreground, with nothing on disk but its socket and certificate; ended by its pid.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";

export interface RedisServer {
  readonly port: number;
  readonly tlsPort: number;
  /** Path of its unix socket. */
  readonly socket: string;
  /** Its certificate, for localhost, which is its own authority. */
  readonly certificate: string;
  /** SIGKILL; its folder stays for `start`. */
  kill(): Promise<void>;
  /** The same server again. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** @param more arguments of redis-server: ["--requirepass", "secret"] */
export async function startRedisServer(more: readonly string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-redis-"));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const [socket, certificate, key] = ["redis.sock", "cert.pem", "key.pem"].map((name) => join(folder, name));
  if (socket === undefined || certificate === undefined || key === undefined) throw new Error("no names");
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
  ]);
  const args = [
    ...["--bind", "127.0.0.1", "--port", String(port), "--unixsocket", socket, "--dir", folder],
    ...["--save", "", "--appendonly", "no"],
    ...[
      "--tls-port",
      String(tlsPort),
      "--tls-cert-file",
      certificate,
      "--tls-key-file",
      key,
      "--tls-auth-clients",
      "no",
    ],
    ...more,
  ];
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const started = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
    child = started;
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: started.stdout }).on("line", (line) => {
        lines.push(line);
        if (line.includes("Ready to accept connections")) resolve();
      });
      started.on("exit", () => reject(new Error(`redis-server ended:\n${lines.join("\n")}`)));
    });
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  await start();
  return {
    port,
    tlsPort,
    socket,
    certificate,
    kill,
    start,
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
