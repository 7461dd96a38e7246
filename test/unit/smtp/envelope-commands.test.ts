import assert from "node:assert/strict";
import { test } from "node:test";
import { type Capabilities, noCapabilities } from "../../../src/smtp/capabilities.ts";
import { type EnvelopeCommands, envelopeCommands, mustKnowContent } from "../../../src/smtp/envelope-commands.ts";
import { envelopeFrom } from "../../support/relay-mail.ts";

const full: Capabilities = {
  pipelining: true,
  eightBitMime: true,
  smtpUtf8: true,
  dsn: true,
  chunking: false,
  startTls: false,
  auth: new Set(),
  xforward: new Set(),
};
const ascii = { eightBit: false, eightBitHeader: false };
const eightBit = { eightBit: true, eightBitHeader: false };
const eightBitHeader = { eightBit: true, eightBitHeader: true };

const words = (commands: EnvelopeCommands) =>
  "refused" in commands
    ? `${commands.refused.code} ${commands.refused.enhanced}`
    : [
        commands.mail,
        ...commands.recipients.map((each) => (typeof each === "string" ? each : `${each.code} ${each.enhanced}`)),
      ];

// Addresses that others re-quote, rewrite or refuse: they leave as they came.
const addresses = [
  "",
  '"john doe"@example.com',
  '"a>b"@example.com',
  "user.@example.com",
  "a..b@example.com",
  "nodomain",
  "x@xn--bcher-kva.example",
  "Foo@Example.COM",
  "x@[IPv6:2001:DB8::1]",
  "b\xc3\xbccher@example.com",
];

for (const address of addresses) {
  test(`sends <${address}> as it came`, () => {
    const commands = envelopeCommands(
      { sender: { address, parameters: "" }, recipients: [{ address, parameters: "" }] },
      full,
      ascii,
    );
    assert.deepEqual(words(commands), [`MAIL FROM:<${address}>`, `RCPT TO:<${address}>`]);
  });
}

test("keeps the order of recipients, and both of two alike", () => {
  const commands = envelopeCommands(envelopeFrom("a@b", "B@c", "b@c", "b@c"), full, ascii);
  assert.deepEqual(words(commands), ["MAIL FROM:<a@b>", "RCPT TO:<B@c>", "RCPT TO:<b@c>", "RCPT TO:<b@c>"]);
});

const sender = "a@b BODY=8BITMIME RET=HDRS ENVID=QQ+2B1 SMTPUTF8";
const recipient = "c@d NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c+2Bx@d";

test("passes parameters on verbatim to a next hop that offers all", () => {
  const commands = envelopeCommands(envelopeFrom(sender, recipient), full, eightBitHeader);
  assert.deepEqual(words(commands), [
    "MAIL FROM:<a@b> BODY=8BITMIME RET=HDRS ENVID=QQ+2B1 SMTPUTF8",
    "RCPT TO:<c@d> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c+2Bx@d",
  ]);
});

test("leaves out what the next hop does not offer and the mail does not need", () => {
  const commands = envelopeCommands(envelopeFrom(sender, recipient), noCapabilities, ascii);
  assert.deepEqual(words(commands), ["MAIL FROM:<a@b>", "RCPT TO:<c@d>"]);
});

test("leaves out SIZE and AUTH, which belong to the hop before", () => {
  const commands = envelopeCommands(envelopeFrom("a@b SIZE=1000 AUTH=<> RET=FULL", "c@d"), full, ascii);
  assert.deepEqual(words(commands), ["MAIL FROM:<a@b> RET=FULL", "RCPT TO:<c@d>"]);
});

const lacking: readonly [string, Partial<Capabilities>, string, string, typeof ascii, string | string[]][] = [
  [
    "refuses 8-bit content that says so to a hop without 8BITMIME",
    { eightBitMime: false },
    "a@b BODY=8BITMIME",
    "c@d",
    eightBit,
    "550 5.6.3",
  ],
  [
    "relabels pure ASCII for a hop without 8BITMIME",
    { eightBitMime: false },
    "a@b BODY=8BITMIME",
    "c@d",
    ascii,
    ["MAIL FROM:<a@b>", "RCPT TO:<c@d>"],
  ],
  [
    "sends unlabelled 8-bit content unlabelled",
    { eightBitMime: false },
    "a@b",
    "c@d",
    eightBit,
    ["MAIL FROM:<a@b>", "RCPT TO:<c@d>"],
  ],
  [
    "leaves BODY=7BIT out for a hop without 8BITMIME",
    { eightBitMime: false },
    "a@b BODY=7BIT",
    "c@d",
    eightBit,
    ["MAIL FROM:<a@b>", "RCPT TO:<c@d>"],
  ],
  [
    "refuses a UTF-8 sender to a hop without SMTPUTF8",
    { smtpUtf8: false },
    "\xc3\xa4@b SMTPUTF8",
    "c@d",
    ascii,
    "550 5.6.7",
  ],
  [
    "refuses a UTF-8 header to a hop without SMTPUTF8",
    { smtpUtf8: false },
    "a@b SMTPUTF8",
    "c@d",
    eightBitHeader,
    "550 5.6.7",
  ],
  [
    "sends domains as A-labels to a hop without SMTPUTF8 where the local part is ASCII",
    { smtpUtf8: false },
    "a@b\xc3\xbccher.example SMTPUTF8",
    '"c d"@b\xc3\xbccher.example',
    ascii,
    ["MAIL FROM:<a@xn--bcher-kva.example>", 'RCPT TO:<"c d"@xn--bcher-kva.example>'],
  ],
  [
    "refuses a domain that has no A-labels to a hop without SMTPUTF8",
    { smtpUtf8: false },
    "a@b\xc3\xbc/cher.example SMTPUTF8",
    "c@d",
    ascii,
    "550 5.6.7",
  ],
  [
    "refuses a UTF-8 recipient alone to a hop without SMTPUTF8",
    { smtpUtf8: false },
    "a@b SMTPUTF8",
    "\xc3\xa4@d",
    ascii,
    ["MAIL FROM:<a@b>", "553 5.6.7"],
  ],
  [
    "takes no local part without a domain for a domain",
    { smtpUtf8: false },
    "a@b SMTPUTF8",
    "b\xc3\xbccher",
    ascii,
    ["MAIL FROM:<a@b>", "553 5.6.7"],
  ],
  [
    "drops SMTPUTF8 where nothing needs it",
    { smtpUtf8: false },
    "a@b SMTPUTF8",
    "c@d",
    ascii,
    ["MAIL FROM:<a@b>", "RCPT TO:<c@d>"],
  ],
  [
    "sends 8-bit addresses of a client that never asked for SMTPUTF8",
    { smtpUtf8: false },
    "\xe4@b",
    "\xe4@d",
    eightBitHeader,
    ["MAIL FROM:<\xe4@b>", "RCPT TO:<\xe4@d>"],
  ],
];

for (const [name, missing, from, to, needs, expected] of lacking) {
  test(name, () => {
    assert.deepEqual(words(envelopeCommands(envelopeFrom(from, to), { ...full, ...missing }, needs)), expected);
  });
}

test("looks at the content only for a label the next hop does not know", () => {
  const no8Bit = { ...full, eightBitMime: false };
  assert.equal(mustKnowContent(envelopeFrom("a@b BODY=8BITMIME", "c@d"), full), false);
  assert.equal(mustKnowContent(envelopeFrom("a@b BODY=8BITMIME", "c@d"), no8Bit), true);
  assert.equal(mustKnowContent(envelopeFrom("a@b RET=FULL body=8bitmime", "c@d"), no8Bit), true);
  assert.equal(mustKnowContent(envelopeFrom("a@b BODY=7BIT", "c@d"), no8Bit), false);
  assert.equal(mustKnowContent(envelopeFrom("a@b", "c@d"), noCapabilities), false);
  assert.equal(mustKnowContent(envelopeFrom("a@b SMTPUTF8", "c@d"), { ...full, smtpUtf8: false }), true);
});

test("lets no line end out of an address or a parameter", () => {
  for (const octet of ["\r", "\n", "\0"]) {
    const bad = { address: `a${octet}RSET@b`, parameters: "" };
    const good = { address: "a@b", parameters: "" };
    const badParameter = { address: "a@b", parameters: `RET=FULL${octet}RSET` };
    assert.equal(words(envelopeCommands({ sender: bad, recipients: [good] }, full, ascii)), "553 5.1.3");
    assert.equal(words(envelopeCommands({ sender: badParameter, recipients: [good] }, full, ascii)), "553 5.1.3");
    assert.deepEqual(words(envelopeCommands({ sender: good, recipients: [bad, good] }, full, ascii)), [
      "MAIL FROM:<a@b>",
      "553 5.1.3",
      "RCPT TO:<a@b>",
    ]);
  }
});
