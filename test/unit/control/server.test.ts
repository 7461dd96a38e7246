import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openControlSocket } from "../../../src/control/server.ts";

const folder = mkdtempSync(join(tmpdir(), "signpost-control-"));
after(() => rmSync(folder, { recursive: true }));

const handle = async () => "done";

/** The beginning of a program that listens at the path it is given; what it then does follows. */
const listening = 'require("node:net").createServer().listen({ path: process.argv[1], backlog: 0 }, () =>';

test("a file that is no socket is left as it is", async () => {
  const file = join(folder, "signpost.yaml");
  writeFileSync(file, "precious");
  await assert.rejects(openControlSocket(file, handle), { message: `${file} is there, and is no socket` });
  assert.equal(readFileSync(file, "utf8"), "precious");
});

test("a socket that somebody left behind is replaced, and one that is answered is not", async () => {
  const path = join(folder, "control.sock");
  // A process that just ends leaves the file of its socket behind.
  spawnSync(process.execPath, ["-e", `${listening} process.kill(process.pid, "SIGKILL"))`, path]);
  assert.ok(existsSync(path));
  const server = await openControlSocket(path, handle);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await assert.rejects(openControlSocket(path, handle), { message: `another daemon answers at ${path}` });
  await server.close();
  assert.ok(!existsSync(path));
});

test("a socket whose daemon is too busy to answer is left to it", async (t) => {
  const path = join(folder, "busy.sock");
  const busy = spawn(process.execPath, ["-e", `${listening} console.log("up"))`, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => busy.kill("SIGKILL"));
  await once(busy.stdout, "data");
  busy.kill("SIGSTOP");
  const waiting: Socket[] = [];
  t.after(() => {
    for (const socket of waiting) socket.destroy();
  });
  let trouble: unknown;
  while (trouble === undefined) {
    const socket = connect(path);
    waiting.push(socket);
    trouble = await once(socket, "connect").then(
      () => undefined,
      (error) => error,
    );
  }
  assert.match(String(trouble), /EAGAIN/);
  const opening = openControlSocket(path, handle).then((server) => server.close());
  await assert.rejects(opening, { message: `another daemon answers at ${path}` });
  assert.ok(existsSync(path));
});

const impossible: readonly (readonly [name: string, path: string, message: RegExp])[] = [
  ["in a folder that is not there", join(folder, "nowhere", "control.sock"), /^listen E\w+: .*nowhere/],
  ["with a name too long for a socket", join(folder, "x".repeat(120)), /^listen E\w+: .*xxx/],
  ["where a folder is", join(folder, "folder"), /folder is there, and is no socket$/],
];

for (const [name, path, message] of impossible) {
  test(`a socket ${name} is refused by the reason for it`, async () => {
    mkdirSync(join(folder, "folder"), { recursive: true });
    await assert.rejects(openControlSocket(path, handle), { message });
  });
}
