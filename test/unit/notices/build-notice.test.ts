import assert from "node:assert/strict";
import { test } from "node:test";
import { buildNotice, type NoticeInput } from "../../../src/notices/build-notice.ts";
import { hasBareLineEnd } from "../../../src/smtp/dot.ts";
import { header } from "./facts.ts";

const input: NoticeInput = {
  id: "VAUCtEH5c6lsJ1",
  host: "mail.here.example",
  nowMs: 1_704_164_646_000,
  from: { name: "Content-filter at mail.here.example", address: "postmaster@mail.here.example" },
  mailFrom: "",
  to: "virusalert@here.example",
  isAnswer: false,
  subject: "INFECTED (Eicar)",
  text: "Virus: Eicar\n\nOur reference: 1\n",
};

function built(changes: Partial<NoticeInput> = {}) {
  const { envelope, message } = buildNotice({ ...input, ...changes });
  const body = message.body.kind === "memory" ? Buffer.concat(message.body.chunks).toString("latin1") : "";
  return { envelope, header: Buffer.from(message.header).toString("latin1"), body };
}

test("is a text from the null sender that says that no person wrote it", () => {
  const { envelope, header, body } = built();
  assert.deepEqual(envelope, {
    sender: { address: "", parameters: "" },
    recipients: [{ address: "virusalert@here.example", parameters: "NOTIFY=NEVER" }],
  });
  assert.equal(
    header,
    [
      'From: "Content-filter at mail.here.example" <postmaster@mail.here.example>',
      "Subject: INFECTED (Eicar)",
      "To: <virusalert@here.example>",
      "Message-ID: <VAUCtEH5c6lsJ1@mail.here.example>",
      "Date: Tue, 02 Jan 2024 03:04:06 +0000",
      "Auto-Submitted: auto-generated",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=UTF-8",
      "Content-Transfer-Encoding: 7bit",
      "",
    ].join("\r\n"),
  );
  assert.equal(body, "Virus: Eicar\r\n\r\nOur reference: 1\r\n");
});

test("with an envelope sender of its own, bounces go there", () => {
  const { envelope } = built({ mailFrom: "bounces@here.example" });
  assert.deepEqual(envelope.sender, { address: "bounces@here.example", parameters: "" });
  assert.deepEqual(envelope.recipients, [{ address: "virusalert@here.example", parameters: "" }]);
});

test("an answer says that it is one", () => {
  assert.match(built({ isAnswer: true }).header, /^Auto-Submitted: auto-replied\r$/m);
});

test("takes the header of the mail along, cut where it is too long", () => {
  const { header: own, body } = built({ header });
  const [, boundary = ""] = /^Content-Type: multipart\/mixed;\r\n boundary="([^"]+)"\r$/m.exec(own) ?? [];
  const [, text = "", quoted = "", end] = body.split(`--${boundary}`);
  assert.match(text, /\r\n\r\nVirus: Eicar\r\n/);
  assert.match(quoted, /^\r\nContent-Type: text\/rfc822-headers;.*\r\n(?:.+\r\n)*\r\nFrom: =\?UTF-8\?/);
  assert.equal(end, "--\r\n");
  const long = built({ header: Buffer.from("X: y\r\n".repeat(100_000)) });
  assert.ok(long.body.length < 50_000 && long.body.length > 40_000);
});

test("is 7-bit, in lines that every MTA takes, whatever subject, text and addresses hold", () => {
  const text = `Betreff: Übung 例 ${"x".repeat(2000)}\n.\n\r bare\n`;
  for (const more of [{}, { header: Buffer.from("Subject: \xe4\0\r x\r\n", "latin1") }]) {
    const {
      header: own,
      body,
      envelope,
    } = built({
      ...more,
      text,
      subject: `Ü${"b".repeat(300)}\r\nBcc: x`,
      to: "\xc3\xbc\x01@here.example",
    });
    for (const octets of [own.replace(/^To: .*\r$/m, ""), body]) assert.match(octets, /^[\x09\x0d\x0a\x20-\x7e]*$/);
    assert.equal(hasBareLineEnd(Buffer.from(body)), false);
    for (const line of `${own}${body}`.split("\r\n")) assert.ok(line.length <= 998);
    assert.doesNotMatch(own, /^Bcc:/m);
    assert.match(own, /^Subject: =\?UTF-8\?B\?/m);
    assert.equal(envelope.sender.parameters, "SMTPUTF8");
  }
});
