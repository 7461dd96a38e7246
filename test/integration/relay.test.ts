import assert from "node:assert/strict";
import { test } from "node:test";
import type { Delivery, Outgoing } from "../../src/relay/delivery.ts";
import { createRelay } from "../../src/relay/relay.ts";
import { formatReply, isTransient, type Reply } from "../../src/smtp/reply.ts";
import { startFakeNextHop } from "../support/fake-next-hop.ts";
import { envelopeFrom, outgoingTo, plainMail } from "../support/relay-mail.ts";

/** What the flow says for SMTP input. */
const unlessPutOff = (replies: readonly (readonly Reply[])[]) => !replies.flat().some(isTransient);

const words = (delivery: Delivery | undefined) => delivery?.replies.map(formatReply);

test("sends a mail octet for octet and gives the next hop's reply", async () => {
  const hop = await startFakeNextHop();
  const relay = createRelay({ localhost_name: "localhost" });
  const [delivery] = await relay([outgoingTo(hop.nextHop)], unlessPutOff);
  assert.deepEqual(words(delivery), ["250 2.0.0 Ok: queued as FAKE"]);
  assert.equal(delivery?.remote, `smtp:[127.0.0.1]:${hop.port}`);
  assert.equal(hop.mails[0]?.octets.toString("latin1"), plainMail);
  assert.deepEqual(hop.mails[0]?.rcpts, ["RCPT TO:<b@example.com>"]);
  await relay.close();
  await hop.close();
});

test("uses the connection again and sends envelope and content in one write each", async () => {
  const hop = await startFakeNextHop();
  const relay = createRelay({ localhost_name: "localhost" });
  const mail: Outgoing = outgoingTo(hop.nextHop, envelopeFrom("a@example.com", "b@example.com", "c@example.com"));
  await relay([mail], unlessPutOff);
  const before = hop.reads.length;
  const [delivery] = await relay([mail], unlessPutOff);
  assert.equal(delivery?.reusedConnection, true);
  assert.equal(hop.connections, 1);
  assert.deepEqual(hop.reads.slice(before), [
    "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n",
    `${plainMail}.\r\n`,
  ]);
  await relay.close();
  await hop.close();
});
