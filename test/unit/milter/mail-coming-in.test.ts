import assert from "node:assert/strict";
import { test } from "node:test";
import type { MilterHandlers, MilterIntake } from "../../../src/milter/handlers.ts";
import { MailComingIn } from "../../../src/milter/mail-coming-in.ts";
import { type Agreed, negotiate } from "../../../src/milter/negotiate.ts";
import type { Refusal } from "../../../src/smtp/refusal.ts";
import type { Reply } from "../../../src/smtp/reply.ts";

function agreedOn(steps: number): Agreed {
  const data = Buffer.alloc(12);
  data.writeUInt32BE(6, 0);
  data.writeUInt32BE(0x1ff, 4);
  data.writeUInt32BE(steps, 8);
  const agreed = negotiate(data);
  assert.ok(agreed);
  return agreed;
}

const busy: Reply = { code: 451, enhanced: "4.3.2", text: "later" };

/** A mail under way, and the octets that were kept of it. */
function coming({ steps = 0x1fffff, refusal }: { readonly steps?: number; readonly refusal?: Reply } = {}) {
  const kept: string[] = [];
  const refused: Refusal[] = [];
  const intake: MilterIntake = {
    sizeBytes: 0,
    failure: undefined,
    error: undefined,
    take: (octets, from, to) => kept.push(octets.toString("latin1", from, to)),
    pressure: () => undefined,
    finish: () => undefined,
    fail: () => undefined,
    release: () => undefined,
  };
  const handlers: MilterHandlers = {
    onHead: () => assert.fail("the header is not looked at here"),
    openIntake: () => intake,
    admit: () => undefined,
    failureReply: () => busy,
  };
  const mail = new MailComingIn(
    { address: "a@example.com", parameters: "" },
    {
      listener: { address: "127.0.0.1", port: 1 },
      logId: "4711-01",
      peer: { address: "127.0.0.1", port: 2 },
      client: { address: "192.0.2.7" },
      handlers,
      observer: { refused: (refusal) => refused.push(refusal) },
      maxRecipients: 10,
      agreed: agreedOn(steps),
      refusal,
      session: () => assert.fail("the header is not looked at here"),
    },
  );
  return { mail, refused, kept: () => kept.join("") };
}

const withoutBlanks = 0x0fffff;
const long = "x".repeat(40_000);

for (const [title, steps, data, field] of [
  ["with its blanks", 0x1fffff, "Subject\0  a\0", "Subject:  a\r\n"],
  ["without its blanks", withoutBlanks, "Subject\0a\0", "Subject: a\r\n"],
  ["of many lines", 0x1fffff, "To\0 a,\n\tb,\r\n c\0", "To: a,\r\n\tb,\r\n c\r\n"],
  ["that begins with a line end", 0x1fffff, "To\0\n a\0", "To:\r\n a\r\n"],
  ["without a value", withoutBlanks, "X\0\0", "X:\r\n"],
  ["that is not ended", 0x1fffff, "X\0 1", "X: 1\r\n"],
  ["with octets behind its end", 0x1fffff, "X\0 1\0 2\n", "X: 1\r\n"],
  ["with 8-bit octets", 0x1fffff, "X\0 \xfc\xff\0", "X: \xfc\xff\r\n"],
  ["of forty thousand octets", 0x1fffff, `X\0 ${long}\n ${long}\0`, `X: ${long}\r\n ${long}\r\n`],
  ["of line ends alone", 0x1fffff, `X\0${"\n".repeat(9000)}\0`, `X:${"\r\n".repeat(9001)}`],
] as const) {
  test(`a header field ${title} becomes octets`, () => {
    const { mail, kept } = coming({ steps });
    mail.addField(Buffer.from(data, "latin1"));
    assert.equal(kept(), field);
  });
}

test("a header field without an end of its name is none", () => {
  assert.throws(() => coming().mail.addField(Buffer.from("Subject")), /without a value/);
});

test("of a mail that is put off nothing is kept, and its end is answered and told of", async () => {
  const { mail, kept, refused } = coming({ refusal: busy });
  mail.addRecipient({ address: "b@example.net", parameters: "" });
  mail.addField(Buffer.from("Subject\0 a\0"));
  mail.endHeader();
  mail.addOctets(Buffer.from("Hello.\r\n"));
  const packets = await mail.judge();
  assert.equal(Buffer.concat(packets).toString("latin1", 4), "y451 4.3.2 later\0");
  assert.equal(kept(), "");
  const [{ cause, client, sender, recipients, reply } = {}] = refused;
  assert.deepEqual([cause, client, sender, recipients], ["busy", "192.0.2.7", "a@example.com", ["b@example.net"]]);
  assert.deepEqual(reply, busy);
  mail.drop();
});
