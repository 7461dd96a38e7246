import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { noFacts } from "../../../../src/checks/check.ts";
import { exceptReleased } from "../../../../src/flow/stages/released.ts";
import { createPassTokens, type PassTokens } from "../../../../src/quarantine/pass-token.ts";
import { judged } from "../mails.ts";

const tokens = createPassTokens(Buffer.alloc(32, 1));
const body = "hello\r\n";
const field = (of = body) => tokens.field("t5bDoRaO1a6J", createHash("sha256").update(of).digest(), 1_700_000_000_000);
const infected = { ...noFacts, content: { virus: { names: ["Eicar"], answers: [], failed: false, cached: false } } };

async function look(text: string, known: PassTokens | undefined) {
  const asked: string[] = [];
  const { inspect, score } = exceptReleased(
    {
      inspect: async () => {
        asked.push("inspect");
        return infected;
      },
      score: ({ facts }) => {
        asked.push("score");
        return facts;
      },
    },
    () => known,
  );
  const mail = judged({ text });
  const facts = await inspect(mail);
  return { asked, content: (await score({ ...mail, facts })).content };
}

test("what was released is not looked into", async () => {
  const { asked, content } = await look(`${field()}From: a@b\r\n\r\n${body}`, tokens);
  assert.deepEqual([asked, content], [[], { released: "t5bDoRaO1a6J" }]);
});

for (const [title, text, known] of [
  ["a mail without the field", `From: a@b\r\n\r\n${body}`, tokens],
  ["another body", `${field("other")}From: a@b\r\n\r\n${body}`, tokens],
  ["a field that is made up", `X-Signpost-Pass: yes\r\nFrom: a@b\r\n\r\n${body}`, tokens],
  ["no quarantine", `${field()}From: a@b\r\n\r\n${body}`, undefined],
] as const) {
  test(`looked into all the same: ${title}`, async () => {
    assert.deepEqual(await look(text, known), { asked: ["inspect", "score"], content: infected.content });
  });
}
