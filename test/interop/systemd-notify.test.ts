// What systemd hears of the daemon: sent by systemd's own program to a socket like the manager's.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { signpost } from "../support/command.ts";
import { startIn } from "../support/daemon.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";

const skip = skipWithout(missingProgram("systemd-notify", "systemd") ?? missingProgram("python3"));

/** Prints what arrives, a line each: Node itself has no such sockets. */
const receiver = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, descriptors, _, _ = socket.recv_fds(s, 4096, 4)
    # A barrier: the sender waits until its descriptor is closed.
    for descriptor in descriptors: os.close(descriptor)
    print(data.decode().strip().replace("\\n", " "), flush=True)
`;

test("ready, alive, reloading, ready, stopping", { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-notify-"));
  const socket = join(folder, "notify");
  const manager: ChildProcess = spawn("python3", ["-c", receiver, socket], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(async () => {
    manager.kill();
    await rm(folder, { recursive: true, force: true });
  });
  assert.ok(manager.stdout);
  const heard: string[] = [];
  const waiting: (() => void)[] = [];
  createInterface({ input: manager.stdout }).on("line", (line) => {
    heard.push(line);
    for (const wake of waiting.splice(0)) wake();
  });
  const hear = async (text: string, from: number): Promise<number> => {
    for (;;) {
      const at = heard.findIndex((line, index) => index >= from && line.includes(text));
      if (at !== -1) return at + 1;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  await hear("bound", 0);

  const file = join(folder, "signpost.yaml");
  await writeFile(file, `inet_socket_port: ${await freePort()}\ncontrol: { socket: ${folder}/control.sock }\n`, {
    mode: 0o600,
  });
  const daemon = await startIn(folder, file, { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "300000" } });
  const ready = await hear("READY=1", 0);
  const alive = await hear("WATCHDOG=1", ready);
  const { code } = await signpost("reload", "--config", file);
  assert.equal(code, 0);
  const reloading = await hear("RELOADING=1 MONOTONIC_USEC=", alive);
  const again = await hear("READY=1", reloading);
  const stopping = hear("STOPPING=1", again);
  assert.equal(await daemon.stop(), 0);
  await stopping;
  const ended = once(manager, "exit");
  manager.kill();
  await ended;
  assert.equal(heard.filter((line) => line.includes("READY=1")).length, 2);
});
