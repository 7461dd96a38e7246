// Logs with readers that do not read, that go away, that are syslog: mail flows whatever they do.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createLog } from "../../src/log/log.ts";
import { startFilter } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { sendMail } from "../support/send-mail.ts";

const mail = {
  octets: `From: a@example.com\r\nMessage-ID: <${"long".repeat(50)}@example.com>\r\nSubject: x\r\n\r\nhello\r\n`,
  sender: "a@example.com",
  recipients: ["b@elsewhere.example"],
};
const options = { format: "text", journal: false, ident: "signpost", facility: "mail" } as const;

test("a pipe that nobody reads costs lines, and neither mail nor the end of the daemon", async () => {
  // A line of some 3.5 KiB a mail: what the system and Node take (under 300 KiB) and what may wait (1 MiB) is soon full.
  const recipients = Array.from({ length: 50 }, (_, index) => `${"r".repeat(60)}@${index}.${"d".repeat(60)}.example`);
  const mails = 600;
  const port = await freePort();
  const filter = await startFilter({ extra: `metrics: { listen: "127.0.0.1:${port}" }` });
  try {
    filter.daemon.process.stderr?.pause();
    for (let sent = 0; sent < mails; sent += 1) {
      assert.match(await sendMail(filter.ports.originating, { ...mail, recipients }), /^250 /);
    }
    assert.equal(filter.hop.mails.length, mails);
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.match(page, /^signpost_log_dropped_total [1-9]/m);
    const exited = once(filter.daemon.process, "exit");
    filter.daemon.process.kill("SIGTERM");
    assert.deepEqual(await exited, [0, null]);
  } finally {
    filter.daemon.process.stderr?.resume();
    await filter.close();
  }
});

test("a stalled reader gets what fits; the rest is counted", async () => {
  const reader = spawn("sleep", ["1000"], { stdio: ["pipe", "ignore", "ignore"] });
  try {
    const { streamSink } = await import("../../src/log/sink.ts");
    const sink = streamSink(reader.stdin);
    for (let round = 0; round < 40; round += 1) {
      for (let line = 0; line < 100; line += 1) sink.write(`${"x".repeat(999)}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(sink.dropped >= 2000 && sink.dropped < 3000, `${sink.dropped}`);
    await sink.close();
  } finally {
    reader.kill("SIGKILL");
  }
});

test("a reader that went away breaks nothing", async () => {
  const filter = await startFilter();
  try {
    filter.daemon.process.stderr?.destroy();
    for (let sent = 0; sent < 5; sent += 1) {
      assert.match(await sendMail(filter.ports.originating, mail), /^250 /);
    }
  } finally {
    await filter.close();
  }
});

/** Date, host and process id vary. */
const rfc5424 = /^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ signpost \d+ - - (.*)$/;

test("syslog over a stream socket is RFC 5424, a line each", async () => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-syslog-"));
  const path = join(folder, "log");
  let text = "";
  const server = createServer((socket) => socket.on("data", (octets) => (text += octets)));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const log = await createLog({ ...options, to: `syslog:${path}` });
  log.write("err", "(1-2) broken\n<1>1 forged");
  log.write("info", "(1-2) fine");
  await log.close();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
  const lines = text.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => rfc5424.exec(line)?.slice(1)),
    [
      ["19", "(1-2) broken?<1>1 forged"],
      ["22", "(1-2) fine"],
    ],
  );
});

test("syslog over UDP is RFC 5424, a datagram each; facility and name are as set", async () => {
  const server = createSocket("udp4");
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  const received = once(server, "message");
  const to = `syslog:127.0.0.1:${server.address().port}`;
  const log = await createLog({ ...options, to, format: "json", facility: "LOG_LOCAL3" });
  log.write("warning", "(1-2) look", { time: "2026-11-23T00:00:00.000Z", log_id: "1-2" });
  const [octets] = await received;
  await log.close();
  server.close();
  const [, priority, record = ""] = rfc5424.exec(String(octets)) ?? [];
  assert.equal(priority, String(19 * 8 + 4));
  // JSON.parse would take the last of several.
  assert.deepEqual(record.match(/"time":"?[^",]*/g), ['"time":"2026-11-23T00:00:00.000Z']);
  const value: unknown = JSON.parse(record);
  assert.ok(typeof value === "object" && value !== null && "log_id" in value);
  assert.equal(value.log_id, "1-2");
});

test("the last lines reach a host that is given by name", { timeout: 20_000 }, async () => {
  const server = createSocket("udp4");
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    server.on("message", (octets) => {
      if (received.push(String(octets).slice(-1)) === 5) resolve();
    });
  });
  const log = await createLog({ ...options, to: `syslog:localhost:${server.address().port}` });
  log.write("info", "1");
  await once(server, "message");
  for (const line of ["2", "3", "4", "5"]) log.write("info", line);
  await log.close();
  assert.equal(log.dropped, 0);
  await all;
  server.close();
  assert.deepEqual(received.sort(), ["1", "2", "3", "4", "5"]);
});

test("a datagram socket is spoken to by logger(1)", { skip: skipWithout(missingProgram("python3")) }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-syslog-"));
  const path = join(folder, "log");
  const program = `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);s.bind(sys.argv[1]);print("bound",flush=True);s.settimeout(20)
print(s.recv(9000).decode(),flush=True)`;
  const receiver = spawn("python3", ["-c", program, path], { stdio: ["ignore", "pipe", "ignore"] });
  const output = createInterface({ input: receiver.stdout });
  await once(output, "line");
  const line = once(output, "line");
  const log = await createLog({ ...options, to: `syslog:${path}` });
  log.write("warning", "(1-2) by way of logger");
  const [text] = await line;
  await log.close();
  receiver.kill();
  await rm(folder, { recursive: true });
  assert.match(String(text), /^<20>.*signpost\[\d+\]: \(1-2\) by way of logger/);
});

test("lines for a local syslog that is not there are counted", { timeout: 20_000 }, async () => {
  const log = await createLog({ ...options, to: "syslog:/nonexistent/log" });
  // logger(1) ends where there is no socket, some time after it was started.
  for (let lines = 0; lines < 500 && log.dropped === 0; lines += 1) {
    log.write("info", "a line");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await log.close();
  assert.ok(log.dropped > 0);
});

test("an inherited JOURNAL_STREAM that is not ours leaves dates on the lines", async () => {
  const filter = await startFilter();
  await filter.close();
  assert.match(await filter.daemon.line(" ready on "), /^[A-Z][a-z]{2} [ \d]\d \d\d:/);
});
