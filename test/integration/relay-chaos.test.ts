// Many mails to a next hop that fails at random: what we call delivered is there, once and whole, and nothing bounces.
import assert from "node:assert/strict";
import { createRelay } from "../../src/relay/relay.ts";
import { formatReply, isPermanent, isPositive, isTransient } from "../../src/smtp/reply.ts";
import { type Act, postfixKeywords, type Step, startFakeNextHop } from "../support/fake-next-hop.ts";
import { test } from "../support/limited.ts";
import { createRandom } from "../support/random.ts";
import { envelopeFrom, outgoingTo } from "../support/relay-mail.ts";

const acts: readonly Act[] = [
  { end: "reset" },
  { end: "close" },
  { reply: "421 4.3.2 bye", end: "close" },
  "451 4.3.0 later",
  "452 4.5.3 enough",
  "what?",
];

for (const [name, keywords, recipients] of [
  ["with pipelining", ["PIPELINING"], ["b", "c", "d"]],
  ["without pipelining", [], ["b", "c", "d"]],
  ["in one write each", postfixKeywords, ["b"]],
] as const) {
  test(`loses, doubles and bounces nothing, ${name}`, async (t) => {
    const random = createRandom(20_240_102);
    const script = (step: Step): Act => {
      if (step.stage === "quit" || random.next() > 0.06) return undefined;
      return random.pick(acts);
    };
    const hop = await startFakeNextHop({ script, keywords });
    // Goes on between rounds, so that a next hop which broke at BDAT is given mail by BDAT again.
    let elapsedMs = 0;
    const now = () => performance.now() + elapsedMs;
    const relay = createRelay({ localhost_name: "localhost", maxConnections: 8, now });
    t.after(async () => {
      await hop.close();
      await relay.close();
    });

    const textOf = (id: number) => `Subject: ${id}\r\n\r\n${`.line ${id}\r\n`.repeat(1 + (id % 400))}`;
    const promised = new Set<string>();
    let putOff = 0;
    const send = async (id: number) => {
      const envelope = envelopeFrom("a@example.com", ...recipients.map((name) => `${name}${id}@example.com`));
      const [delivery] = await relay(
        [outgoingTo(hop.nextHop, envelope, textOf(id))],
        (replies) => !replies.flat().some(isTransient),
      );
      for (const [index, reply] of (delivery?.replies ?? []).entries()) {
        assert.equal(isPermanent(reply), false, formatReply(reply));
        if (isPositive(reply)) promised.add(`RCPT TO:<${envelope.recipients[index]?.address}>`);
        else putOff += 1;
      }
    };
    const ids = Array.from({ length: 600 }, (_, id) => id);
    for (let first = 0; first < ids.length; first += 20) {
      await Promise.all(ids.slice(first, first + 20).map(send));
      elapsedMs += 700_000;
    }

    const there = hop.mails.flatMap((mail) => mail.rcpts);
    assert.equal(new Set(there).size, there.length, "no recipient has a mail twice");
    for (const rcpt of promised) assert.ok(there.includes(rcpt), `${rcpt} was called delivered`);
    assert.equal(there.length, promised.size, "what is there was called delivered");
    for (const mail of hop.mails) {
      const id = Number(/^Subject: (\d+)\r\n/.exec(mail.octets.toString("latin1"))?.[1]);
      assert.equal(mail.octets.toString("latin1"), textOf(id));
    }
    const inOne = hop.mails.filter(({ by }) => by === "BDAT").length;
    assert.equal(inOne > 100, recipients.length === 1, `${inOne} came in one write`);
    assert.ok(putOff > 100 && promised.size > 100, `${putOff} put off, ${promised.size} delivered`);
  });
}
