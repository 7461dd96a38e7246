import assert from "node:assert/strict";
import { test } from "../support/limited.ts";
import { type Held, whatGrew } from "./soak.ts";

const mb = 2 ** 20;

/** Forty looks at a daemon whose heap grows to 80 MB and is collected, over and over, in a time that fits no quarter. */
function held(grown: (at: number) => Partial<Held> = () => ({})): readonly Held[] {
  return Array.from({ length: 40 }, (_, at) => {
    const heapBytes = (40 + 4 * (at % 9)) * mb;
    const besideHeapBytes = 130 * mb;
    const residentBytes = besideHeapBytes + (at < 20 ? 60 : 90) * mb;
    const usual = { heapBytes, besideHeapBytes, residentBytes, descriptors: 50 + (at % 5), timers: at % 2 };
    return { atSeconds: at * 10, mails: at * 200, ...usual, ...grown(at) };
  });
}

test("a heap that is collected now and then, and pages that follow it late, are no growth", () => {
  assert.deepEqual(whatGrew(held()), []);
  assert.deepEqual(whatGrew([]), []);
});

test("what leaks is named: in the heap, beside it, as descriptors, as timers", () => {
  for (const leak of [
    { key: "heapBytes", grown: (at: number) => ({ heapBytes: (40 + at + 4 * (at % 9)) * mb }) },
    { key: "besideHeapBytes", grown: (at: number) => ({ besideHeapBytes: (130 + at) * mb }) },
    { key: "descriptors", grown: (at: number) => ({ descriptors: 50 + 2 * at }) },
    { key: "timers", grown: (at: number) => ({ timers: 2 * at }) },
  ]) {
    const [first = "", ...more] = whatGrew(held(leak.grown));
    assert.ok(first.startsWith(`${leak.key}: `), first);
    assert.deepEqual(more, []);
  }
});
