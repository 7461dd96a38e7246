import assert from "node:assert/strict";
import { test } from "node:test";
import { joinLines, joinMails } from "../../../src/processes/history.ts";

const mail = (id: string, time: string, explanation?: object) => ({
  record: { mail_id: id, time },
  ...(explanation === undefined ? {} : { explanation }),
  text: [`${id}${explanation === undefined ? "" : " explained"}`],
});

test("a mail that one process explains and all have in the file is told once, explained; newest come first", () => {
  const explained = mail("b", "2026-11-22T10:00:02.000Z", { bank: "A" });
  const filed = [mail("b", "2026-11-22T10:00:02.000Z"), mail("a", "2026-11-22T10:00:01.000Z")];
  const newest = mail("c", "2026-11-22T10:00:03.000Z", { bank: "A" });
  const [, oldest] = filed;
  for (const answers of [
    [
      [explained, oldest],
      [newest, ...filed],
    ],
    [[newest, ...filed], [explained]],
  ])
    assert.deepEqual(joinMails(answers, 20), [newest, explained, oldest]);
  assert.deepEqual(joinMails([[newest, ...filed], [explained]], 1), [newest]);
});

test("lines come oldest first, each once, the newest of them", () => {
  const line = (second: number, text: string) => ({ time: `2026-11-22T10:00:0${second}.000Z`, line: text });
  const one = [line(1, "a"), line(4, "d")];
  const two = [line(1, "a"), line(2, "b\nb, second line"), line(3, "c")];
  assert.deepEqual(joinLines([one, two], 4), [line(2, "b"), line(2, "b, second line"), line(3, "c"), line(4, "d")]);
});

test("an answer that is none brings nothing", () => {
  assert.deepEqual(joinMails([undefined, null, "x", [1]], 20).length, 1);
  assert.deepEqual(joinLines([undefined, {}], 20), []);
});
