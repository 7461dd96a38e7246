// What the daemon keeps of hostile mail: octets in memory, in the file and in the log, whatever a client brings.
import assert from "node:assert/strict";
import { signpost } from "../support/command.ts";
import { startFilter } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { until } from "../support/receiver.ts";
import { sendMail } from "../support/send-mail.ts";

/** As large as a path may be and MAIL and RCPT still take it. */
const longPath = (name: string) => `${name}${"x".repeat(1900)}@example.com`;

const manySignatures = [
  "From: a@example.com",
  ...Array.from(
    { length: 990 },
    (_, index) =>
      `DKIM-Signature: v=1; a=x${"y".repeat(50)}; d=${"d".repeat(60)}${index}.example; s=${"s".repeat(60)}; b=AAAA`,
  ),
  "",
  "hello",
  "",
].join("\r\n");
const plain = Buffer.from(
  "From: a@example.com\r\nMessage-ID: <a\u202eb\u009b31m@example.com>\r\n\r\nhello\r\n",
).toString("latin1");

test("three hundred hostile mails stay within the octets of the history, each told in a line of 8 KiB", async () => {
  const port = await freePort();
  const { daemon, hop, ports, close } = await startFilter({
    extra: `metrics: { listen: "127.0.0.1:${port}" }
log: { format: json }
control: { socket: '@FOLDER@/control.sock' }
history: { size: 100, file: '@FOLDER@/history.sqlite' }`,
  });
  try {
    const recipients = Array.from({ length: 100 }, (_, index) => longPath(`${index}-`));
    for (let mail = 0; mail < 270; mail += 1) {
      const octets = manySignatures;
      assert.match(
        await sendMail(ports.incoming, { octets, sender: "a@example.com", recipients: ["b@example.com"] }),
        /^250 /,
      );
    }
    for (let mail = 0; mail < 30; mail += 1) {
      assert.match(await sendMail(ports.incoming, { octets: plain, sender: longPath("s"), recipients }), /^250 /);
    }
    assert.equal(hop.mails.length, 300);

    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const gauge = (name: string) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(page)?.[1]);
    assert.ok(gauge("signpost_history_mails") >= 40, `${gauge("signpost_history_mails")} mails`);
    const octets = gauge("signpost_history_bytes");
    assert.ok(octets > 100_000 && octets <= 1024 * 1024, `${octets} octets`);
    assert.match(page, /^signpost_recipients_total\{direction="Inbound",action="passed"\} 3270$/m);

    // Lines are written some at a time, behind the replies.
    const told = () => daemon.lines.filter((line) => line.includes('"mail_id"'));
    await until(() => told().length >= 300);
    const records = told();
    assert.equal(records.length, 300);
    for (const line of records) {
      assert.ok(Buffer.byteLength(line) < 8192, `${Buffer.byteLength(line)}`);
      assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u2028-\u202e]/);
    }
    const first: unknown = JSON.parse(records[0] ?? "");
    assert.ok(typeof first === "object" && first !== null && "dkim" in first && "left_out" in first);
    assert.ok(Array.isArray(first.dkim) && typeof first.left_out === "object" && first.left_out !== null);
    assert.ok("dkim" in first.left_out && first.left_out.dkim === 990 - first.dkim.length);

    const why = await signpost("why", "--config", daemon.configFile, "--json", "b@example.com");
    assert.equal(why.stdout.trimEnd().split("\n").length, 20);
    assert.ok(Buffer.byteLength(why.stdout) < 20 * 96 * 1024);
    const last = await signpost("why", "--config", daemon.configFile, "--json", JSON.parse(records[299] ?? "").mail_id);
    assert.doesNotMatch(last.stdout.trimEnd(), /[\x00-\x1f\x7f-\x9f\u2028-\u202e]/);
    assert.ok(last.stdout.length < 128 * 1024, `${last.stdout.length} characters`);
    assert.ok(last.stdout.includes("a\\u202eb\\u009b31m@example.com"));
  } finally {
    await close();
  }
});
