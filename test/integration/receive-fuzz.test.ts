// Any input, however it is cut: the server answers in replies, keeps nothing, and takes the next mail.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { test } from "../support/limited.ts";
import { startReceiver, until } from "../support/receiver.ts";
import { enterData, smtpClient } from "../support/smtp-client.ts";

const pieces = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("EHLO a\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\n", "DATA\r\n", ".\r\n", "\r\n"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("RSET\r\n", "LHLO x\r\n", "XFORWARD NAME=x\r\n", "NOOP\r\n", "\n.\n", "\r", "\0"),
  },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc.constantFrom("\r", "\n", ".", "<", ">", "=", "+", "A", " ", "\xff"),
      maxLength: 30,
    }),
  },
);

test("survives any soup of commands and content", { timeout: 60_000 }, async (t) => {
  const receiver = await startReceiver(t, { options: { maxClients: 10_000 } });
  const session = fc.array(pieces, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(session, fc.boolean(), async (parts, together) => {
      const client = smtpClient(receiver.port);
      if (together) client.send(parts.join(""));
      else {
        for (const part of parts) {
          client.send(part);
          await setImmediate();
        }
      }
      client.socket.end();
      for (let line = await client.line(); line !== undefined; line = await client.line()) {
        assert.match(line, /^[2345]\d\d[- ][\x20-\x7e]*$/);
      }
      for (const { octets } of receiver.mails.splice(0)) assert.doesNotMatch(octets.replaceAll("\r\n", ""), /[\r\n]/);
    }),
    { numRuns: 400 },
  );
  await until(() => receiver.listener.connections === 0);
  assert.deepEqual([receiver.store.usedBytes, receiver.store.spoolFiles], [0, 0]);
  const client = smtpClient(receiver.port);
  await enterData(client);
  assert.equal(await client.ask("."), "250 2.0.0 Ok");
});
