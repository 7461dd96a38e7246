// What a copy says of its mail, in amavisd's words, and nothing that a mail could make of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copyFields } from "../../../../src/flow/stages/copy-fields.ts";
import type { ContentFound } from "../../../../src/policy/decision.ts";

/** What a score tells beside what its fields say. */
const more = { isTagged: true };
const nothing: ContentFound = { all: [], viruses: [], headerFaults: [] };

const cases: readonly (readonly [title: string, content: ContentFound | undefined, fields: string])[] = [
  ["nothing known", undefined, ""],
  ["nothing found", nothing, ""],
  [
    "a virus, a banned name, a fault",
    {
      ...nothing,
      viruses: ["A", "B"],
      banned: { names: [".exe,x.exe"], key: "k" },
      headerFaults: ["Missing Date", "x"],
    },
    "X-Amavis-Alert: INFECTED, message contains virus: A, B\r\n" +
      "X-Amavis-Alert: BANNED, message contains .exe,x.exe\r\n" +
      "X-Amavis-Alert: BAD HEADER SECTION, Missing Date\r\n",
  ],
  [
    "names that are more than a line",
    { ...nothing, viruses: ["a".repeat(40), "b".repeat(40), "c".repeat(990)] },
    `X-Amavis-Alert: INFECTED, message contains virus:\r\n ${"a".repeat(40)},\r\n ${"b".repeat(40)},\r\n ` +
      `${"c".repeat(200)}\r\n`,
  ],
  [
    "a name that would end its line",
    { ...nothing, viruses: ["ü\r\nX: y"] },
    "X-Amavis-Alert: =?UTF-8?B?SU5GRUNURUQsIG1lc3NhZ2UgY29udGFpbnMgdmlydXM6IMO8IFg6IHk=?=\r\n",
  ],
  [
    "spam",
    {
      ...nothing,
      score: { ...more, score: 7.25, tests: ["A=5", "B=2.25\r\n"], autolearn: "no", tag: 2, tag2: 6, kill: 12 },
    },
    "X-Spam-Flag: YES\r\nX-Spam-Score: 7.25\r\nX-Spam-Level: *******\r\n" +
      "X-Spam-Status: Yes, score=7.25 tag=2 tag2=6 kill=12\r\n tests=[A=5,\r\n B=2.25??] autolearn=no\r\n",
  ],
  [
    "a score without levels",
    { ...nothing, score: { ...more, score: -1, tests: [] } },
    "X-Spam-Flag: NO\r\nX-Spam-Score: -1\r\nX-Spam-Level: \r\n" +
      "X-Spam-Status: No, score=-1 tag=x tag2=x kill=x\r\n tests=[] autolearn=unavailable\r\n",
  ],
];

for (const [title, content, fields] of cases) {
  test(title, () => assert.equal(copyFields(content).join(""), fields));
}

test("many names of any length make fields of a bounded size", () => {
  const many = Array.from({ length: 10_000 }, () => "x".repeat(10_000));
  const score = { ...more, score: 1e9, tests: many };
  const fields = copyFields({ ...nothing, viruses: many, banned: { names: many, key: "" }, headerFaults: many, score });
  assert.ok(fields.join("").length < 64 * 1024);
});
