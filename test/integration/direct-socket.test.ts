// What Node does not document and direct reading rests on: were one of these to fail on a new Node, mail would still
// flow, but large mail would cost half as much again.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { readInput } from "../../src/receive/input.ts";
import { DirectSocket, takeOver } from "../../src/sockets/direct-socket.ts";
import { test } from "../support/limited.ts";

async function accepted(pauseOnConnect: boolean) {
  const server = createServer({ pauseOnConnect, allowHalfOpen: true });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const client = connect(address.port, "127.0.0.1");
  const [socket]: Socket[] = await once(server, "connection");
  assert.ok(socket !== undefined);
  return { server, client, socket };
}

test("an accepted socket is taken over: all octets in order, stopped and resumed, ended, closed", async () => {
  const { server, client, socket } = await accepted(true);
  const direct = takeOver(socket);
  assert.ok(direct instanceof DirectSocket);
  assert.equal(direct.remotePort, client.localPort);
  const sent = Buffer.alloc(1_000_000, "0123456789 and so on ");
  const got: Buffer[] = [];
  const buffers = new Set<unknown>();
  direct.onOctets = (octets) => {
    got.push(Buffer.from(octets));
    buffers.add(octets.buffer);
    setImmediate(() => direct.resume());
    return false;
  };
  client.end(sent);
  await once(direct, "end");
  assert.ok(Buffer.concat(got).equals(sent));
  assert.equal(buffers.size, 1);
  // Its side is still open.
  direct.end("reply");
  const [reply] = await once(client, "data");
  assert.equal(String(reply), "reply");
  // Only with every connection gone.
  await new Promise((resolve) => server.close(resolve));
});

test("a socket that was read from is left alone", async () => {
  const { server, client, socket } = await accepted(false);
  client.write("PROXY");
  await once(socket, "readable");
  assert.equal(takeOver(socket), undefined);
  assert.equal(String(socket.read()), "PROXY");
  client.destroy();
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test("a reader that is busy gets what came meanwhile, then the rest, then the end", async () => {
  const { server, client, socket } = await accepted(true);
  const direct = takeOver(socket);
  assert.ok(direct !== undefined);
  const got: Buffer[] = [];
  let busyTurns = 0;
  const ended = new Promise<void>((end) => {
    const take = (chunk: Buffer, next: () => void) => {
      got.push(Buffer.from(chunk));
      busyTurns += 1;
      if (busyTurns % 2 === 0) next();
      else setImmediate(() => setImmediate(next));
    };
    readInput(direct, { take, end });
  });
  const sent = Buffer.alloc(3_000_000, "more than one read brings ");
  client.end(sent);
  await ended;
  assert.ok(Buffer.concat(got).equals(sent));
  direct.destroy();
  await new Promise((resolve) => server.close(resolve));
});
