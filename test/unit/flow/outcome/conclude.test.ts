import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionOf } from "../../../../src/cli/message-file.ts";
import { conclude } from "../../../../src/flow/outcome/conclude.ts";
import { ownWord } from "../../../../src/flow/settle.ts";
import { refused } from "../../../../src/policy/decision.ts";

const arrival = {
  listener: { address: "127.0.0.1", port: 10024 },
  envelope: {
    sender: { address: "a@example.com", parameters: "" },
    recipients: [{ address: "b@example.net", parameters: "" }],
  },
  client: { address: "192.0.2.3" },
};

for (const [what, aheadMs] of [
  ["back", 3_600_000],
  ["forward", -3_600_000],
] as const) {
  test(`a clock that is set ${what} while a mail is under way does not change how long it took`, (t) => {
    const transaction = transactionOf(Buffer.from("From: a@example.com\r\n\r\nHello\r\n"), {
      ...arrival,
      receivedAtMs: Date.now() + aheadMs,
    });
    const ending = {
      transaction,
      mailId: "x",
      bank: undefined,
      facts: { verifications: [], findings: [], content: {} },
    };
    const word = ownWord(refused("loop", "reject", { code: 550, enhanced: "5.0.0", text: "no" }));
    t.mock.method(performance, "now", () => transaction.arrivedMs + 7);
    assert.equal(conclude(ending, { signings: [] }, [word]).elapsedMs, 7);
  });
}
