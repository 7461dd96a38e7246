// Postfix's own load generator through each of the three paths: thousands of mails arrive, each as it was sent, and the
// daemon is no bigger for them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";

const run = promisify(execFile);
const source = "/usr/sbin/smtp-source";
const skip = skipWithout(existsSync(source) ? undefined : "smtp-source is not installed (apt-get install postfix)");

const batch = 1000;
const body = `${Array.from({ length: 60 }, (_, line) => `Line ${line} with words to fill it, and gr\xfc\xdfe`).join("\r\n")}\r\n.\r\n..dots\r\n \r\n\r\n`;

let filter: Filter;
/** Lines of the log that the start made. */
let started = 0;
/** Resident octets after each batch, in order. */
const resident: number[] = [];

before(async () => {
  filter = await startFilter({ extra: "smtpd_message_size_limit: 1M" });
  started = filter.daemon.lines.length;
});

after(() => filter?.close());

const paths = [
  { port: "originating", signed: true, how: ["-d"], say: "over connections that stay open" },
  { port: "nochecks", signed: true, how: [], say: "with a connection for each" },
  { port: "incoming", signed: false, how: ["-d"], say: "over connections that stay open" },
] as const;

for (const { port, signed, how, say } of paths) {
  test(`2,000 mails of smtp-source pass on ${port}, ${say}`, { skip }, async () => {
    const file = join(filter.daemon.folder, `${port}.eml`);
    // smtp-source puts line ends and dots in itself, the last line end too.
    await writeFile(file, Buffer.from(mailText(port, body).replaceAll("\r\n", "\n").slice(0, -1), "latin1"));
    const first = filter.hop.mails.length;
    for (let round = 1; round <= 2; round += 1) {
      await run(source, [
        ...[...how, "-s", "8", "-m", String(batch), "-N", "-F", file],
        ...["-f", "alice@example.com", "-t", `to-${port}-${round}@example.com`, `127.0.0.1:${filter.ports[port]}`],
      ]);
      assert.equal(filter.hop.mails.length, first + round * batch);
      resident.push(await filter.daemon.residentBytes());
    }
    const mails = filter.hop.mails.slice(first);
    assert.equal(new Set(mails.map(({ rcpts }) => rcpts.join())).size, 2 * batch, "each recipient once");
    for (const { octets } of mails) {
      const text = octets.toString("latin1");
      assert.ok(text.endsWith(mailText(port, body)), text);
      assert.equal(text.startsWith("DKIM-Signature: "), signed);
    }
    assert.equal(filter.hop.cutOff, 0);
    assert.deepEqual(
      filter.daemon.lines
        .slice(started)
        .filter((line) => !line.includes(" Passed CLEAN ") && !line.includes("the client of a mail")),
      [],
    );
  });
}

test("memory is as it was a thousand mails ago", { skip }, (t) => {
  t.diagnostic(`resident after each thousand, MB: ${resident.map((bytes) => Math.round(bytes / 1e6)).join(" ")}`);
  for (const [index, { port }] of paths.entries()) {
    const [first = 0, second = 0] = resident.slice(2 * index);
    // The smallest thing a mail has of its own is a block of 16 kB.
    assert.ok(second - first < batch * 16 * 1024, `${port}: ${first} octets after 1,000 mails, ${second} after 2,000`);
  }
});

// Nagle's algorithm against a delayed acknowledgement costs 40 ms of a mail whose octets, or whose replies, leave in two writes.
test("envelope and content leave in one write, and so does each reply", { skip }, async () => {
  const client = await connected(filter.ports.originating);
  const replies: string[] = [];
  client.socket.on("data", (octets) => replies.push(octets.toString("latin1")));
  const before = filter.hop.reads.length;
  for (let count = 0; count < 50; count += 1)
    assert.match(await submit(client, { data: mailText("soon", body) }), /^250 /);
  client.socket.end("QUIT\r\n");
  await client.closed();
  const mails = filter.hop.reads.slice(before).filter((read) => !read.startsWith("QUIT"));
  assert.deepEqual(
    mails.map((read) => /^MAIL FROM:.*\r\nRCPT TO:.*\r\nBDAT \d+ LAST\r\nDKIM-Signature:/.test(read)),
    Array.from({ length: 50 }, () => true),
  );
  assert.deepEqual(
    replies.map((read) => read.slice(0, 3)),
    [...Array.from({ length: 50 }, () => ["250", "250", "354", "250"]).flat(), "221"],
  );
});
