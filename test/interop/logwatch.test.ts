// A log analyser that people run reads the lines of a real run: logwatch's amavis report knows every one of them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { startFilter } from "../support/filter.ts";
import { test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { sendMail } from "../support/send-mail.ts";

const script = "/usr/share/logwatch/scripts/services/amavis";
const settings = "/usr/share/logwatch/default.conf/services/amavis.conf";
const skip = skipWithout(existsSync(script) ? undefined : "logwatch is not installed (apt-get install logwatch)");

function report(lines: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("perl", [script, "-f", settings, "--detail", "10"], (error, stdout, stderr) => {
      if (error === null) resolve(stdout + stderr);
      else reject(error);
    });
    child.stdin?.end(lines);
  });
}

test("logwatch counts passed and blocked mail, and leaves no line unmatched", { skip }, async () => {
  const filter = await startFilter({
    script: ({ stage, line }) => (stage === "rcpt" && line.includes("nobody@") ? "550 5.1.1 No such user" : undefined),
  });
  try {
    const message = "From: alice@example.com\r\nMessage-ID: <1@example.com>\r\nSubject: x\r\n\r\nhello\r\n";
    const send = (port: number, ...recipients: readonly string[]) =>
      sendMail(port, { octets: message, sender: "alice@example.com", recipients, xforward: "ADDR=203.0.113.9" });
    await send(filter.ports.originating, "bob@elsewhere.example");
    await send(filter.ports.incoming, "bob@example.com", "carol@example.com");
    await send(filter.ports.incoming, "nobody@example.com");
    await send(filter.ports.incoming, "bob@example.com", "nobody@example.com");
    // Refused by a rule of ours, which its line names.
    await sendMail(filter.ports.incoming, {
      octets: `${"Received: from a by b; x\r\n".repeat(101)}${message}`,
      sender: "alice@example.com",
      recipients: ["bob@example.com"],
      xforward: "ADDR=203.0.113.9",
    });
    const lines = filter.daemon.lines;
    while (lines.filter((line) => line.includes("mail_id:")).length < 6)
      await new Promise((resolve) => setImmediate(resolve));
    const text = lines.filter((line) => line.includes("mail_id:")).map((line) => line.replace("signpost[", "amavis["));
    assert.match(text.join("\n"), /Blocked OTHER \{RejectedInbound\}.*, rule=loop, reply: 554 5\.4\.6 /);
    const said = await report(`${text.join("\n")}\n`);
    assert.match(said, /^ +6 +Total messages scanned/m);
    assert.match(said, /^ +3 +Blocked /m);
    assert.match(said, /^ +3 +Passed /m);
    assert.doesNotMatch(said, /unmatched/i);
  } finally {
    await filter.close();
  }
});
