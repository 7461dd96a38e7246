import assert from "node:assert/strict";
import { test } from "node:test";
import { catchAllValue, categoryValue } from "../../../src/policy/category-maps.ts";
import { setUp } from "./setup.ts";

const spam = { category: "CC_SPAM", minor: 0 } as const;
const encrypted = { category: "CC_UNCHECKED", minor: 1 } as const;

test("a category has a map by recipient or a value alone, by name or number", () => {
  const { base, problems } = setUp({
    base: {
      final_destiny_maps_by_ccat: {
        CC_SPAM: [{ "a@x.example": "D_REJECT", ".": "D_PASS" }],
        "CC_UNCHECKED,1": -2,
        CC_BADH: null,
      },
    },
  });
  const map = base.final_destiny_maps_by_ccat;
  assert.deepEqual(problems, []);
  assert.equal(categoryValue(map, spam, "a@x.example"), "D_REJECT");
  assert.equal(categoryValue(map, spam, "b@x.example"), "D_PASS");
  assert.equal(categoryValue(map, encrypted, "b@x.example"), "D_BOUNCE");
  assert.equal(categoryValue(map, { category: "CC_BADH", minor: 7 }, "b@x.example"), undefined);
});

test("a minor category without an entry has its major's, one without any is unset", () => {
  const { base } = setUp({
    base: { final_destiny_maps_by_ccat: { CC_UNCHECKED: "D_REJECT", CC_CATCHALL: "D_DISCARD" } },
  });
  const map = base.final_destiny_maps_by_ccat;
  assert.equal(categoryValue(map, encrypted, "a@x"), "D_REJECT");
  assert.equal(categoryValue(map, spam, "a@x"), "unset");
  assert.equal(catchAllValue(map, "a@x"), "D_DISCARD");
  assert.equal(catchAllValue(setUp({}).base.final_destiny_maps_by_ccat, "a@x"), undefined);
});

test("a bank's categories are laid over the base's one by one", () => {
  const { base, load } = setUp({
    base: { lovers_maps_by_ccat: { CC_SPAM: [true], CC_VIRUS: [["x@y.example"]] } },
    banks: { B: { lovers_maps_by_ccat: { CC_SPAM: [] } } },
  });
  const bank = load(base, ["B"], "command");
  assert.equal(categoryValue(base.lovers_maps_by_ccat, spam, "x@y.example"), true);
  assert.equal(categoryValue(bank.lovers_maps_by_ccat, spam, "x@y.example"), undefined);
  assert.equal(categoryValue(bank.lovers_maps_by_ccat, { category: "CC_VIRUS", minor: 0 }, "x@y.example"), true);
});

test("a value of the wrong kind is a problem with its place", () => {
  const { problems } = setUp({
    base: { final_destiny_maps_by_ccat: { CC_SPAM: "D_WHATEVER" } },
    banks: { B: { final_destiny_maps_by_ccat: { CC_BADH: [{ "a@x": 17 }] } } },
  });
  assert.deepEqual(
    problems.map(({ path }) => path.join(".")),
    ["final_destiny_maps_by_ccat.CC_SPAM", "policy_bank.B.final_destiny_maps_by_ccat.CC_BADH.0.a@x"],
  );
});
