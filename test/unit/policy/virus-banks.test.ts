import assert from "node:assert/strict";
import { test } from "node:test";
import { refineByViruses } from "../../../src/policy/virus-banks.ts";
import { setUp } from "./setup.ts";

const router = setUp({
  base: { virus_name_to_policy_bank_maps: [{ "Eicar-Test": 1, Worm: "WORMS", Odd: "MISSING" }] },
  banks: { VIRUS: {}, WORMS: {} },
});

const cases: readonly { readonly title: string; readonly names: readonly string[]; readonly path: string }[] = [
  { title: "no name, no bank", names: [], path: "" },
  { title: "a name that no map knows", names: ["Other"], path: "" },
  { title: "1 is the bank VIRUS", names: ["Eicar-Test"], path: "VIRUS" },
  { title: "banks in the order of the names", names: ["Worm", "Eicar-Test"], path: "WORMS/VIRUS" },
  { title: "a bank that does not exist loads nothing", names: ["Odd"], path: "" },
];

for (const { title, names, path } of cases) {
  test(title, () => assert.equal(refineByViruses(router, router.base, names).path, path));
}

test("names load their banks once", () => {
  const bank = refineByViruses(router, router.base, ["Eicar-Test"]);
  assert.equal(refineByViruses(router, bank, ["Eicar-Test", "Worm"]), bank);
  assert.deepEqual(
    bank.loaded.map(({ bank: name, why, key }) => [name, why, key]),
    [["VIRUS", "virus", "Eicar-Test"]],
  );
});
