// Who the client was, as a real Postfix behind us has it in its log, for both families of addresses.
import assert from "node:assert/strict";
import { createRelay } from "../../src/relay/relay.ts";
import { formatReply } from "../../src/smtp/reply.ts";
import { startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { postfixMissing, startPostfix } from "../support/postfix.ts";
import { envelopeFrom, outgoingTo, plainMail } from "../support/relay-mail.ts";

const skip = skipWithout(await postfixMissing());

const clients = [
  { address: "192.0.2.7", name: "four.example", port: "45678", helo: "four.example", protocol: "ESMTP" },
  { address: "2001:db8::7", name: "six.example", port: "45679", helo: "[IPv6:2001:db8::7]", protocol: "ESMTP" },
  { address: "2001:db8:0:0:0:0:0:8", port: "45680" },
];

for (const [protocols, shown] of [
  ["all", ["four.example[192.0.2.7]", "six.example[2001:db8::7]", "unknown[2001:db8::8]"]],
  // It does not know such addresses then, and refuses the command; the mail passes all the same.
  ["ipv4", ["four.example[192.0.2.7]", undefined, undefined]],
] as const) {
  test(`Postfix with inet_protocols=${protocols} takes the client that we pass on`, { skip }, async (t) => {
    const sink = await startFakeNextHop();
    const [smtpd, backIncoming, backOriginating] = [await freePort(), await freePort(), await freePort()];
    const ports = { smtpd, incoming: 1, originating: 2, backIncoming, backOriginating, sink: sink.port };
    const postfix = await startPostfix(ports, "127.0.0.0/8", protocols);
    const relay = createRelay({ localhost_name: "localhost" });
    t.after(async () => {
      await relay.close(1000);
      await postfix.stop();
      await sink.close();
    });
    const hop = { protocol: "smtp", host: "127.0.0.1", port: backIncoming } as const;
    for (const client of clients) {
      const outgoing = outgoingTo(hop, envelopeFrom("a@example.org", "b@example.com"), plainMail, client);
      const [delivery] = await relay([outgoing], () => true);
      assert.match(delivery?.replies.map(formatReply).join() ?? "", /^250 2\.0\.0 Ok: \d+ bytes queued as /);
    }
    await sink.received(clients.length);
    const log = await postfix.log();
    const lines = [...log.matchAll(/postfix\/10025\/smtpd\[\d+\]: \w+: client=(.*)/g)];
    assert.deepEqual(
      lines.map(([, text = ""]) => /orig_client=(\S+)/.exec(text)?.[1]),
      shown,
      log,
    );
  });
}
