import assert from "node:assert/strict";
import { test } from "node:test";
import { createSentMail, type SentStore } from "../../../src/correspondence/sent-mail.ts";

function memory(): SentStore & { readonly times: Map<string, number> } {
  const times = new Map<string, number>();
  return {
    times,
    note: (keys, at) => {
      for (const key of keys) times.set(key, at);
    },
    when: async (keys) => keys.map((key) => times.get(key)),
  };
}

test("who wrote to whom is known the other way round, whatever the case", async () => {
  const store = memory();
  const sent = createSentMail(store);
  sent.remember({
    sender: "Ann@here.example",
    recipients: ["Joe@there.example", "eve@there.example"],
    messageId: "<a@x>",
    at: 7,
  });
  assert.deepEqual(await sent.lastWritten(["ann@here.example", "bob@here.example"], "joe@THERE.example"), [
    7,
    undefined,
  ]);
  assert.deepEqual(await sent.lastWritten(["joe@there.example"], "ann@here.example"), [undefined]);
  assert.deepEqual(
    [await sent.isOurs("<a@x>"), await sent.isOurs("a@x"), await sent.isOurs("<b@x>")],
    [true, true, false],
  );
  assert.ok(
    [...store.times.keys()].every((key) => /^[ip][\w-]{27}$/.test(key)),
    "no address is in the store",
  );
});

test("of a mail to thousands a hundred recipients are remembered", () => {
  const store = memory();
  const recipients = Array.from({ length: 5000 }, (_, index) => `r${index}@there.example`);
  createSentMail(store).remember({ sender: "a@here.example", recipients, messageId: undefined, at: 1 });
  assert.equal(store.times.size, 100);
});
