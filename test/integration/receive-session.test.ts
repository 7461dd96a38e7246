// Sessions: who is let in, what ends them, what a reload changes. Dialogs that need no setup are in corpora/smtp.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import type { MessageReplies } from "../../src/receive/handlers.ts";
import { test } from "../support/limited.ts";
import { defaultTimeouts } from "../support/receive-defaults.ts";
import { startReceiver, until } from "../support/receiver.ts";
import { enterData, smtpClient, startMail } from "../support/smtp-client.ts";

const ok: MessageReplies = { reply: { code: 250, enhanced: "2.0.0", text: "Ok" } };

test("greets at once, with the clock standing still", async (t) => {
  const receiver = await startReceiver(t);
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  assert.match((await smtpClient(receiver.port).line()) ?? "", /^220 /);
});

test("greets a peer outside inet_acl with 554 and closes", async (t) => {
  const refused: string[] = [];
  const receiver = await startReceiver(t, {
    options: { allowPeer: (address) => address !== "127.0.0.1" },
    observer: { connectionRefused: (_, reason) => refused.push(reason) },
  });
  const client = smtpClient(receiver.port);
  client.send("HELO a.example\r\n");
  assert.equal(await client.line(), "554 5.7.1 [127.0.0.1] Error: access denied");
  assert.equal(await client.line(), undefined);
  assert.deepEqual(refused, ["acl"]);
});

test("lets only listed peers use XFORWARD, and offers it to no other", async (t) => {
  const receiver = await startReceiver(t, { options: { allowXforward: () => false } });
  const client = smtpClient(receiver.port);
  await client.reply();
  client.send("EHLO a.example\r\n");
  assert.equal((await client.reply()).join().includes("XFORWARD"), false);
  assert.match(await client.ask("XFORWARD ADDR=192.0.2.1"), /^550 5\.7\.0 /);
  await startMail(client);
  await client.ask(".");
  assert.deepEqual(receiver.mails[0]?.transaction.session.client, { standing: "refused" });
});

test("turns away connections over the limit with 421, and takes them when there is room again", async (t) => {
  const receiver = await startReceiver(t, { options: { maxClients: 2 }, clock: () => 1000 });
  const first = smtpClient(receiver.port);
  const second = smtpClient(receiver.port);
  assert.match((await first.line()) ?? "", /^220 /);
  assert.match((await second.line()) ?? "", /^220 /);
  const third = smtpClient(receiver.port);
  assert.equal(await third.line(), "421 4.3.2 [127.0.0.1] Error: too many connections");
  assert.equal(await third.line(), undefined);
  await first.ask("QUIT");
  await until(() => receiver.listener.connections < 2);
  assert.match((await smtpClient(receiver.port).line()) ?? "", /^220 /);
});

test("accepts connections before it is open, and greets those that are still there when it is", async (t) => {
  const opened = Promise.withResolvers<void>();
  const receiver = await startReceiver(t, { opened: opened.promise });
  const gone = smtpClient(receiver.port);
  const client = smtpClient(receiver.port);
  await Promise.all([gone, client].map(({ socket }) => once(socket, "connect")));
  client.send("EHLO a.example\r\n");
  gone.socket.resetAndDestroy();
  await gone.closed();
  let greeted = false;
  const line = client.line().then((text) => {
    greeted = true;
    return text;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(greeted, false);
  opened.resolve();
  assert.match((await line) ?? "", /^220 /);
  assert.match((await client.reply())[0] ?? "", /^250-/);
});

test("a client that is idle gives its place to a new one, the idlest first; one with a mail under way keeps it", async (t) => {
  let now = 1000;
  const receiver = await startReceiver(t, { options: { maxClients: 3 }, clock: () => now });
  const clients = [smtpClient(receiver.port), smtpClient(receiver.port), smtpClient(receiver.port)];
  for (const client of clients) assert.match((await client.line()) ?? "", /^220 /);
  const [busy, idle, idlest] = clients;
  assert.ok(busy && idle && idlest);
  now += 100;
  await idle.ask("EHLO client.example");
  await busy.ask("EHLO client.example");
  assert.match(await busy.ask("MAIL FROM:<a@example.com>"), /^250 /);
  now += 501;
  const home = "421 4.3.2 [127.0.0.1] Error: too many connections, and this one was idle";
  const fourth = smtpClient(receiver.port);
  assert.match((await fourth.line()) ?? "", /^220 /);
  assert.equal(await idlest.line(), home);
  const fifth = smtpClient(receiver.port);
  assert.match((await fifth.line()) ?? "", /^220 /);
  assert.equal((await idle.reply()).at(-1), home);
  assert.equal(await smtpClient(receiver.port).line(), "421 4.3.2 [127.0.0.1] Error: too many connections");
  assert.match(await busy.ask("RCPT TO:<b@example.com>"), /^250 /);
});

test("where the system allows fewer connections than there are, idle ones are sent home", async (t) => {
  let now = 1000;
  let most = 10;
  const receiver = await startReceiver(t, { clock: () => now, mostConnections: () => most });
  const clients = [smtpClient(receiver.port), smtpClient(receiver.port), smtpClient(receiver.port)];
  for (const client of clients) assert.match((await client.line()) ?? "", /^220 /);
  now += 501;
  most = 1;
  for (const client of clients.slice(0, 2)) assert.match((await client.line()) ?? "", /^421 4\.3\.2 .*was idle$/);
  assert.match(await (clients[2]?.ask("EHLO client.example") ?? ""), /^250 /);
});

test("counts connections of all listeners that share the limit", async (t) => {
  let elsewhere = 0;
  const receiver = await startReceiver(t, { options: { maxClients: 2 }, connectionCount: () => elsewhere + 1 });
  assert.match((await smtpClient(receiver.port).line()) ?? "", /^220 /);
  elsewhere = 2;
  assert.match((await smtpClient(receiver.port).line()) ?? "", /^421 4\.3\.2 .*too many connections$/);
});

test("hangs up after as many bad commands as it is told to take", async (t) => {
  const receiver = await startReceiver(t, { options: { maxErrors: 3 } });
  const client = smtpClient(receiver.port);
  await client.reply();
  assert.match(await client.ask("WHAT"), /^500 /);
  assert.match(await client.ask("WHAT"), /^500 /);
  assert.match(await client.ask("WHAT"), /^421 4\.7\.0 .*too many errors$/);
});

test("takes command lines as long as it is told to", async (t) => {
  const receiver = await startReceiver(t, { options: { maxCommandOctets: 100 } });
  const client = smtpClient(receiver.port);
  await client.reply();
  assert.match(await client.ask(`HELO ${"a".repeat(95)}`), /^250 /);
  assert.match(await client.ask(`HELO ${"a".repeat(96)}`), /^500 5\.5\.2 .*too long$/);
});

test("looks at as much of a header as it is told to, and passes all of it on", async (t) => {
  const receiver = await startReceiver(t, {
    options: { headerLimits: { maxBytes: 1000, maxFields: 3, maxLines: 100 } },
  });
  const client = smtpClient(receiver.port);
  await enterData(client);
  await client.ask("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\nbody\r\n.");
  await startMail(client);
  await client.ask(`A: ${"1".repeat(1000)}\r\n\r\nbody\r\n.`);
  const messages = receiver.mails.map(({ transaction }) => transaction.message);
  assert.deepEqual(
    messages.map(({ cut, fields }) => [cut, fields.length]),
    [
      ["fields", 3],
      ["bytes", 0],
    ],
  );
  assert.ok(receiver.mails[0]?.octets.includes("D: 4"));
});

/** What a process leaves that was killed while it listened. */
async function staleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.old`, resolve));
  await rename(`${path}.old`, path);
  await new Promise((resolve) => server.close(resolve));
}

test("listens on a unix socket, over the file that a killed process left, but not over one in use", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "receiver-socket-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "lmtp.sock");
  await staleSocket(path);
  const receiver = await startReceiver(t, {
    at: { path, mode: 0o640 },
    options: { protocol: "LMTP", allowPeer: () => false },
  });
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  const client = smtpClient(path);
  assert.equal(await client.line(), "220 [localhost] LMTP signpost service ready");
  await client.ask("LHLO a.example");
  await startMail(client);
  await client.ask(".");
  const session = receiver.mails[0]?.transaction.session;
  assert.deepEqual(session?.listener, { address: "", port: 0, path });
  assert.deepEqual(session?.peer, { address: "", port: 0 });
  await assert.rejects(startReceiver(t, { at: { path } }), { code: "EADDRINUSE" });
  const file = join(folder, "file");
  await writeFile(file, "precious");
  await assert.rejects(startReceiver(t, { at: { path: file } }), { code: "EADDRINUSE" });
});

test("takes new options for the next mail of a connection that is open", async (t) => {
  const receiver = await startReceiver(t);
  const client = smtpClient(receiver.port);
  await enterData(client);
  assert.equal(await client.ask("Subject: a\n\r\n."), "250 2.0.0 Ok");
  receiver.options = { ...receiver.options, bare_newline: "reject", smtpd_message_size_limit: 65536 };
  assert.match(await client.ask("MAIL FROM:<a@b.example> SIZE=65537"), /^552 5\.3\.4 /);
  await startMail(client);
  assert.match(await client.ask("Subject: a\n\r\n."), /^554 5\.6\.0 /);
});

for (const [octets, split] of [
  [8192, false],
  [8192, true],
] as const) {
  test(`takes a command line of ${octets} octets${split ? " in two pieces" : ""}, and hangs up on one more`, async (t) => {
    const receiver = await startReceiver(t);
    const client = smtpClient(receiver.port);
    await client.reply();
    const line = `NOOP ${"x".repeat(octets - 5)}`;
    if (split) client.send(line.slice(0, 5000));
    assert.equal(await client.ask(split ? line.slice(5000) : line), "250 2.0.0 Ok NOOP");
    client.send(split ? `${line}x` : `${line}x\r\nNOOP\r\n`);
    assert.equal(await client.line(), "500 5.5.2 Error: Line too long");
    assert.equal(await client.line(), undefined);
  });
}

test("stops reading commands while a client leaves its replies unread", async (t) => {
  let declined = 0;
  const receiver = await startReceiver(t, {
    options: { smtpd_recipient_limit: 0 },
    observer: { commandRefused: () => (declined += 1) },
  });
  const client = smtpClient(receiver.port);
  await client.reply();
  await client.ask("HELO a.example");
  await client.ask("MAIL FROM:<a@b.example>");
  client.socket.pause();
  const count = 400_000;
  client.send("RCPT TO:<c@d.example>\r\n".repeat(count));
  // The kernel takes what it likes; then nothing moves any more until the client reads.
  let before = -1;
  let still = 0;
  while (still < 200) {
    still = declined === before ? still + 1 : 0;
    before = declined;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(declined < count, "all commands were answered into memory");
  client.socket.resume();
  for (let i = 0; i < count; i += 1) await client.line();
  assert.equal(await client.ask("NOOP"), "250 2.0.0 Ok NOOP");
});

test("answers a client that closed its side after the final dot", async (t) => {
  const receiver = await startReceiver(t);
  const client = smtpClient(receiver.port);
  await enterData(client);
  client.socket.end("Subject: a\r\n\r\nb\r\n.\r\n");
  assert.equal(await client.line(), "250 2.0.0 Ok");
  assert.equal(await client.line(), undefined);
});

test("closes idle sessions with 421, and no session that waits for our reply", async (t) => {
  let now = 0;
  let answer: (replies: MessageReplies) => void = () => undefined;
  const receiver = await startReceiver(t, {
    clock: () => now,
    options: { timeouts: { ...defaultTimeouts, idleMs: 100_000, dataBlockMs: 40 } },
    handlers: { onMessage: () => new Promise((resolve) => (answer = resolve)) },
  });
  const idle = smtpClient(receiver.port);
  const busy = smtpClient(receiver.port);
  await idle.reply();
  await enterData(busy);
  busy.send(".\r\n");
  await until(() => receiver.mails.length === 1);
  now = 100_001;
  assert.equal(await idle.line(), "421 4.4.2 [127.0.0.1] Error: timeout exceeded");
  assert.equal(await idle.line(), undefined);
  now = 1_000_000;
  answer(ok);
  assert.equal(await busy.line(), "250 2.0.0 Ok");
  assert.equal(await busy.ask("NOOP"), "250 2.0.0 Ok NOOP");
});

for (const [what, timeouts] of [
  ["stalls in the middle of a message", { dataBlockMs: 40 }],
  ["takes too long over a message", { dataMs: 40, dataBlockMs: 10_000_000 }],
] as const) {
  test(`hangs up on a client that ${what}`, async (t) => {
    let now = 0;
    const aborted: string[] = [];
    const receiver = await startReceiver(t, {
      clock: () => now,
      options: { timeouts: { ...defaultTimeouts, ...timeouts } },
      observer: { messageAborted: () => aborted.push("aborted") },
    });
    const client = smtpClient(receiver.port);
    await enterData(client);
    now = 1000;
    assert.equal(await client.line(), "421 4.4.2 [127.0.0.1] Error: timeout exceeded");
    assert.equal(await client.line(), undefined);
    assert.deepEqual([aborted, receiver.mails.length, receiver.store.usedBytes], [["aborted"], 0, 0]);
  });
}

test("closes idle sessions sooner while most connections are in use, but none with a mail under way", async (t) => {
  let now = 0;
  const receiver = await startReceiver(t, {
    clock: () => now,
    options: { maxClients: 4, timeouts: { ...defaultTimeouts, stressedIdleMs: 40 } },
  });
  const clients = [1, 2, 3, 4].map(() => smtpClient(receiver.port));
  for (const client of clients) await client.reply();
  const [idle, inMail] = clients;
  assert.ok(idle && inMail);
  await inMail.ask("HELO a.example");
  await inMail.ask("MAIL FROM:<a@b.example>");
  now = 41;
  assert.equal(await idle.line(), "421 4.4.2 [127.0.0.1] Error: timeout exceeded");
  assert.equal(await inMail.ask("RCPT TO:<c@d.example>"), "250 2.1.5 Recipient <c@d.example> OK");
});

test("hangs up on a client that drips its message while many connections wait", async (t) => {
  let now = 0;
  const receiver = await startReceiver(t, {
    clock: () => now,
    options: { timeouts: { ...defaultTimeouts, stressedIdleMs: 200_000, dataBlockMs: 100_000 } },
  });
  const others = Array.from({ length: 65 }, () => smtpClient(receiver.port));
  for (const client of others) await client.reply();
  const slow = smtpClient(receiver.port);
  const steady = smtpClient(receiver.port);
  await enterData(slow);
  await enterData(steady);
  steady.send("x".repeat(70_000));
  // One octet a second is input all the same: it is the average that counts.
  slow.send("x".repeat(60));
  await until(() => receiver.store.usedBytes > 100_000);
  now = 61_000;
  assert.equal(await slow.line(), "421 4.4.2 [127.0.0.1] Error: timeout exceeded");
  assert.equal(await steady.ask("\r\n."), "250 2.0.0 Ok");
});

test("sends idle sessions home at once when it stops, and gives messages under way their true reply", async (t) => {
  let answer: (replies: MessageReplies) => void = () => undefined;
  const receiver = await startReceiver(t, {
    handlers: { onMessage: () => new Promise((resolve) => (answer = resolve)) },
  });
  const idle = smtpClient(receiver.port);
  const half = smtpClient(receiver.port);
  const busy = smtpClient(receiver.port);
  await idle.reply();
  await enterData(half);
  await enterData(busy);
  half.send("Subject: half\r\n");
  busy.send("Subject: busy\r\n.\r\n");
  await until(() => receiver.mails.length === 1);
  const drained = receiver.listener.drain(60_000);
  assert.equal(await idle.line(), "421 4.3.2 [127.0.0.1] Service shutting down");
  assert.equal(await idle.line(), undefined);
  idle.socket.end();
  answer(ok);
  assert.equal(await busy.line(), "250 2.0.0 Ok");
  assert.equal(await busy.line(), "421 4.3.2 [127.0.0.1] Service shutting down");
  busy.socket.end();
  half.send("rest: x\r\n.\r\n");
  await until(() => receiver.mails.length === 2);
  answer(ok);
  assert.equal(await half.line(), "250 2.0.0 Ok");
  assert.equal(await half.line(), "421 4.3.2 [127.0.0.1] Service shutting down");
  half.socket.end();
  assert.equal(await drained, 0);
  const late = connect(receiver.port, "127.0.0.1");
  await new Promise((resolve) => late.once("error", resolve));
});

test("in favour of another process a session goes on with its mail, and ends once it is idle for a moment", async (t) => {
  let now = 1000;
  const receiver = await startReceiver(t, { clock: () => now });
  const client = smtpClient(receiver.port);
  await enterData(client);
  const retired = receiver.listener.retire(60_000);
  now += 10_000;
  assert.equal(await client.ask("Subject: a\r\n\r\n."), "250 2.0.0 Ok");
  now += 501;
  assert.equal(await client.line(), "421 4.3.2 [127.0.0.1] Service shutting down");
  client.socket.end();
  await retired;
});

test("cuts off what is left at the deadline without a reply, and says how many", async (t) => {
  const receiver = await startReceiver(t, { handlers: { onMessage: () => new Promise(() => undefined) } });
  const client = smtpClient(receiver.port);
  await enterData(client);
  client.send(".\r\n");
  await until(() => receiver.mails.length === 1);
  assert.equal(await receiver.listener.drain(20), 1);
  assert.equal(await client.line(), undefined);
});

test("refuses a further MAIL with 421 while a session ends its first", async (t) => {
  const receiver = await startReceiver(t);
  const client = smtpClient(receiver.port);
  await client.reply();
  await client.ask("HELO a.example");
  await client.ask("MAIL FROM:<a@b.example>");
  const drained = receiver.listener.drain(60_000);
  assert.match(await client.ask("RCPT TO:<c@d.example>"), /^250 /);
  client.send("RSET\r\nMAIL FROM:<a@b.example>\r\n");
  assert.equal(await client.line(), "250 2.0.0 Ok RSET");
  assert.equal(await client.line(), "421 4.3.2 [127.0.0.1] Service shutting down");
  assert.equal(await client.line(), undefined);
  client.socket.end();
  assert.equal(await drained, 0);
});

test("lets another process share the port", async (t) => {
  const first = await startReceiver(t, { at: { address: "127.0.0.1", port: 0, reusePort: true } });
  const second = await startReceiver(t, { at: { address: "127.0.0.1", port: first.port, reusePort: true } });
  assert.equal(second.port, first.port);
  await assert.rejects(startReceiver(t, { at: { address: "127.0.0.1", port: first.port } }), { code: "EADDRINUSE" });
});

test("leaves no spool folder entry behind", async (t) => {
  const receiver = await startReceiver(t, { limits: { bodyMemoryBytes: 0 } });
  const client = smtpClient(receiver.port);
  await enterData(client);
  client.send(`\r\n${"x".repeat(70)}\r\n`.repeat(4000));
  await until(() => receiver.store.spoolFiles === 1);
  assert.deepEqual(await readdir(receiver.store.limits.spoolDirectory), []);
  assert.equal(await client.ask("."), "250 2.0.0 Ok");
});
