import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scan } from "../../../src/scanners/clamd.ts";
import type { ScannerTrouble } from "../../../src/scanners/trouble.ts";
import { scanForViruses } from "../../../src/scanners/virus-scan.ts";

const clean: Scan = { result: "clean" };
const down: ScannerTrouble = { trouble: "connect", detail: "ECONNREFUSED" };
const infected = (...names: string[]): Scan => ({ result: "infected", names });

function scanners(prefix: string, outcomes: readonly (Scan | ScannerTrouble)[], asked: string[]) {
  return outcomes.map((outcome, index) => ({
    name: `${prefix}${index}`,
    ask: async () => {
      asked.push(`${prefix}${index}`);
      return outcome;
    },
  }));
}

async function scan(
  primary: readonly (Scan | ScannerTrouble)[],
  backup: readonly (Scan | ScannerTrouble)[] = [],
  order: "all" | "first-infected" = "all",
) {
  const asked: string[] = [];
  const found = await scanForViruses(scanners("p", primary, asked), scanners("b", backup, asked), order);
  return { found, asked: asked.join(" ") };
}

test("all primary scanners are asked, each name counts once", async () => {
  const { found, asked } = await scan([infected("A"), clean, infected("B", "A")], [clean]);
  assert.equal(asked, "p0 p1 p2");
  assert.deepEqual(found, {
    names: ["A", "B"],
    answers: [
      { scanner: "p0", result: "infected", detail: ["A"] },
      { scanner: "p1", result: "clean", detail: [] },
      { scanner: "p2", result: "infected", detail: ["B", "A"] },
    ],
    failed: false,
    cached: false,
  });
});

test("first_infected_stops_scan: in turn, and no further than the first that finds something", async () => {
  assert.equal((await scan([clean, infected("A"), clean], [], "first-infected")).asked, "p0 p1");
});

test("those in reserve are asked when no primary one answered, not before", async () => {
  assert.equal((await scan([down, clean], [infected("A")])).asked, "p0 p1");
  const { found, asked } = await scan([down, down], [clean]);
  assert.equal(asked, "p0 p1 b0");
  assert.deepEqual([found.failed, found.names, found.answers.length], [false, [], 3]);
  assert.deepEqual((await scan([], [infected("A")])).found.names, ["A"]);
});

test("no answer at all is failed, with each reason", async () => {
  const { found } = await scan([down], [{ trouble: "too-large", detail: "INSTREAM size limit exceeded." }]);
  assert.equal(found.failed, true);
  assert.deepEqual(
    found.answers.map(({ detail }) => detail),
    [["connect: ECONNREFUSED"], ["too-large: INSTREAM size limit exceeded."]],
  );
  assert.equal((await scan([])).found.failed, true);
});
