import assert from "node:assert/strict";
import { test } from "node:test";
import { buildDsn, type DsnInput } from "../../../src/notices/build-dsn.ts";
import { reasonsAgainst, suppression } from "../../../src/notices/may-notify.ts";
import { hasBareLineEnd } from "../../../src/smtp/dot.ts";

const input: DsnInput = {
  mail: {
    reportingMta: "filter.example.com",
    receivedFromMta: "mx.example.com",
    envelopeId: "QQ+2B314",
    logId: "12345-07",
    mailId: "t5bDoRaO1a6J",
    receivedAtMs: Date.UTC(2024, 0, 2, 3, 4, 5),
    nowMs: Date.UTC(2024, 0, 2, 3, 4, 6),
  },
  recipients: [
    {
      address: "bob@example.org",
      originalRecipient: "rfc822;bob+2Bx@example.net",
      action: "failed",
      reply: { code: 550, enhanced: "5.1.1", text: "<bob@example.org>: unknown" },
      remote: "smtp:[127.0.0.1]:10025",
    },
  ],
  sender: { address: "alice@example.com", parameters: "" },
  header: Buffer.from("Subject: hello\r\nFrom: alice@example.com\r\n"),
  from: { name: "Content-filter at filter.example.com", address: "postmaster@filter.example.com" },
  subject: "Delivery status notification, MTA-BLOCKED",
  text: "Your mail could not be delivered.\n\n<bob@example.org>:\n    550 5.1.1 unknown\n",
};

function built(changes: Partial<DsnInput> = {}) {
  const { envelope, message } = buildDsn({ ...input, ...changes });
  const header = Buffer.from(message.header).toString("latin1");
  const body = message.body.kind === "memory" ? Buffer.concat(message.body.chunks).toString("latin1") : "";
  const boundary = /boundary="([^"]+)"/.exec(header)?.[1] ?? "";
  const parts = body.split(`--${boundary}`).map((part) => part.replace(/^\r\n/, ""));
  const [preamble = "", text = "", status = "", headers = "", end = ""] = parts;
  return { envelope, message, header, body, parts: parts.length, preamble, text, status, headers, end };
}

test("is a report of three parts from the null sender to the sender of the mail", () => {
  const { envelope, message, header, parts, end } = built();
  assert.deepEqual(envelope, {
    sender: { address: "", parameters: "" },
    recipients: [{ address: "alice@example.com", parameters: "NOTIFY=NEVER" }],
  });
  assert.equal(parts, 5);
  assert.equal(end, "--\r\n");
  assert.deepEqual(
    message.fields.map((field) => field.name),
    [
      "from",
      "subject",
      "to",
      "message-id",
      "date",
      "auto-submitted",
      "mime-version",
      "content-type",
      "content-transfer-encoding",
    ],
  );
  assert.match(header, /^From: "Content-filter at filter\.example\.com" <postmaster@filter\.example\.com>\r\n/);
  assert.match(header, /\r\nTo: <alice@example\.com>\r\n/);
  assert.match(header, /\r\nMessage-ID: <DSNt5bDoRaO1a6J@filter\.example\.com>\r\n/);
  assert.match(header, /\r\nDate: Tue, 02 Jan 2024 03:04:06 \+0000\r\n/);
  assert.match(header, /\r\nAuto-Submitted: auto-replied\r\n/);
  assert.match(header, /\r\nContent-Type: multipart\/report; report-type=delivery-status;\r\n boundary="/);
});

test("states the facts of mail and recipient for programs", () => {
  assert.equal(
    built().status,
    [
      'Content-Type: message/delivery-status; name="dsn_status"',
      'Content-Disposition: inline; filename="dsn_status"',
      "Content-Transfer-Encoding: 7bit",
      "Content-Description: Delivery error report",
      "",
      "Original-Envelope-Id: QQ+314",
      "Reporting-MTA: dns; filter.example.com",
      "Received-From-MTA: dns; mx.example.com",
      "Arrival-Date: Tue, 02 Jan 2024 03:04:05 +0000",
      "",
      "Original-Recipient: rfc822; bob+x@example.net",
      "Final-Recipient: rfc822; bob@example.org",
      "Action: failed",
      "Status: 5.1.1",
      "Remote-MTA: dns; [127.0.0.1]",
      "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.org>: unknown",
      "Last-Attempt-Date: Tue, 02 Jan 2024 03:04:06 +0000",
      "Final-Log-ID: 12345-07/t5bDoRaO1a6J",
      "",
      "",
    ].join("\r\n"),
  );
});

test("tells people what the template says, and returns the header of the mail", () => {
  const { text, headers } = built();
  assert.match(
    text,
    /\r\n\r\nYour mail could not be delivered\.\r\n\r\n<bob@example\.org>:\r\n {4}550 5\.1\.1 unknown\r\n/,
  );
  assert.match(
    headers,
    /^Content-Type: text\/rfc822-headers; .*\r\n(.+\r\n)*\r\nSubject: hello\r\nFrom: alice@example\.com\r\n\r\n$/,
  );
});

test("leaves out what is not known, and names no remote for a refusal of our own", () => {
  const { reportingMta, logId, mailId, receivedAtMs, nowMs } = input.mail;
  const { status } = built({
    mail: { reportingMta, logId, mailId, receivedAtMs, nowMs },
    recipients: [{ address: "bob@example.org", action: "failed", reply: { code: 554, enhanced: "", text: "Reject" } }],
  });
  assert.doesNotMatch(status, /Original-|Received-From|Remote-MTA|Diagnostic/);
  assert.match(status, /\r\nStatus: 5\.0\.0\r\n/);
});

test("has a group of fields for each recipient", () => {
  const [first] = input.recipients;
  assert.ok(first !== undefined);
  const { status } = built({
    recipients: [first, { ...first, address: "carol@example.org", remote: "lmtp:/run/lmtp" }],
  });
  assert.equal(status.match(/\r\n\r\nOriginal-Recipient: /g)?.length, 2);
  assert.match(status, /\r\nRemote-MTA: x-unix; \/run\/lmtp\r\n/);
});

test("writes an address that is not ASCII as RFC 6533 has it, and asks for SMTPUTF8 where the sender's is", () => {
  const [first] = input.recipients;
  assert.ok(first !== undefined);
  const address = Buffer.from("bücher@例.example").toString("latin1");
  const { status, text, envelope } = built({
    recipients: [{ ...first, address }],
    sender: { address, parameters: "SMTPUTF8" },
    text: "<bücher@例.example>\n",
  });
  assert.match(status, /\r\nFinal-Recipient: utf-8; b\\x\{FC\}cher@\\x\{4F8B\}\.example\r\n/);
  assert.match(text, /quoted-printable/);
  assert.match(text, /<b=C3=BCcher@/);
  assert.equal(envelope.sender.parameters, "SMTPUTF8");
});

for (const [title, parameters, subject, type] of [
  ["SMTPUTF8 with UTF-8 in it", "BODY=8BITMIME SMTPUTF8", "gr\xc3\xbcn", "message/global-headers"],
  ["SMTPUTF8 that is ASCII", "SMTPUTF8", "green", "text/rfc822-headers"],
  ["8-bit that nobody announced", "BODY=8BITMIME", "gr\xc3\xbcn", "text/rfc822-headers"],
] as const) {
  test(`the header of ${title} goes as ${type}`, () => {
    const sender = { address: "joe@there.example", parameters };
    const { body } = built({ sender, header: Buffer.from(`Subject: ${subject}\r\n`, "latin1") });
    assert.ok(body.includes(`\r\nContent-Type: ${type}; name="header"\r\n`), body);
  });
}

for (const [original, shown] of [
  ["utf-8;b\xc3\xbccher@x.example", "utf-8; b\\x{FC}cher@x.example"],
  ["UTF-8;b\\x{FC}cher@x.example", "UTF-8; b\\x{FC}cher@x.example"],
  ["rfc822;b+FCcher@x.example", "rfc822; b?cher@x.example"],
] as const) {
  test(`the address first written to, as it came by ORCPT=${original}`, () => {
    const [first] = input.recipients;
    assert.ok(first !== undefined);
    const { status } = built({ recipients: [{ ...first, originalRecipient: original }] });
    assert.ok(status.includes(`\r\nOriginal-Recipient: ${shown}\r\n`), status);
  });
}

test("stays 7-bit and free of bare line ends whatever header, reply and parameters hold", () => {
  const [first] = input.recipients;
  assert.ok(first !== undefined);
  const { body, header, status } = built({
    mail: { ...input.mail, envelopeId: "x+0D+0ABcc:+20all", receivedFromMta: "a\r\nb" },
    recipients: [{ ...first, originalRecipient: "rfc822;a+0D+0AAction:+20delivered" }],
    header: Buffer.from(`Subject: \xe4\0 \r x\r\nX: ${"y".repeat(2000)}\r\n`, "latin1"),
    subject: "a\r\nBcc: x",
    sender: { address: '"a\x01\x1b\x7fb"@c.example', parameters: "" },
  });
  assert.match(body, /^[\x09\x0d\x0a\x20-\x7e]*$/);
  for (const text of [body, header]) assert.equal(hasBareLineEnd(Buffer.from(text)), false);
  assert.equal(status.match(/\r\nAction: /g)?.length, 1);
  assert.doesNotMatch(header, /\r\nBcc:/);
  assert.match(header, /\r\nTo: <"a\?\?\?b"@c\.example>\r\n/);
  for (const line of body.split("\r\n")) assert.ok(line.length <= 998);
});

for (const [what, line] of [
  ["plain", `X-Field: ${"x".repeat(60)}\r\n`],
  ["8-bit", `X-Field: ${"\xe4".repeat(60)}\r\n`],
] as const) {
  test(`quotes no more of a huge ${what} header than fits into 50 kB, in whole lines`, () => {
    const { message, headers } = built({ header: Buffer.from(line.repeat(20_000), "latin1") });
    const size = message.header.length + message.body.sizeBytes;
    assert.ok(size <= 50_000 && size > 20_000, `${size}`);
    assert.match(headers, /(x|=E4)\r\n\r\n$/);
  });
}

test("is itself never notified about", () => {
  const { envelope, message } = built();
  const [recipient] = envelope.recipients;
  assert.ok(recipient !== undefined);
  assert.equal(
    suppression(reasonsAgainst({ sender: envelope.sender, fields: message.fields, isVouchedFor: true }), recipient),
    "null-sender",
  );
  const sender = { address: "x@y", parameters: "" };
  const other = { address: "z@y", parameters: "" };
  assert.equal(suppression(reasonsAgainst({ sender, fields: message.fields, isVouchedFor: true }), other), "bulk");
});
