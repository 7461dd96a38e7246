import assert from "node:assert/strict";
import { test } from "node:test";
import { createNextHops } from "../../../../src/flow/stages/next-hops.ts";
import { type Accepted, accepted, type Contents } from "../../../../src/policy/decision.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { formatNextHop } from "../../../../src/smtp/next-hop.ts";
import { bankWith, judged } from "../mails.ts";

function forward(
  settings: BankOverlay,
  recipient = "ann@here.example",
  decision: Pick<Accepted, "edits" | "content"> = accepted,
): readonly string[] {
  return createNextHops(() => 0.5)
    .forward(judged({}, { bank: bankWith(settings) }), recipient, decision)
    .map(formatNextHop);
}

const standard = { forward_method: "smtp:[127.0.0.1]:10025" };
const byRecipient: BankOverlay = {
  ...standard,
  forward_method_maps: [
    {
      "ann@here.example": "smtp:[127.0.0.1]:10035",
      ".elsewhere.example": ["lmtp:/run/lmtp", "smtp:[127.0.0.1]:10045"],
    },
  ],
};

for (const [title, settings, recipient, hops] of [
  ["forward_method holds for all", standard, "ann@here.example", ["smtp:[127.0.0.1]:10025"]],
  ["forward_method_maps goes before it", byRecipient, "ann@here.example", ["smtp:[127.0.0.1]:10035"]],
  ["whom forward_method_maps does not have goes by it", byRecipient, "bob@here.example", ["smtp:[127.0.0.1]:10025"]],
  ["null: nowhere", { forward_method: null }, "ann@here.example", []],
] as const) {
  test(title, () => assert.deepEqual(forward(settings, recipient), hops));
}

const byContents: BankOverlay = {
  ...byRecipient,
  resend_method: "smtp:[127.0.0.1]:10055",
  forward_method_maps_by_ccat: {
    CC_BANNED: ["smtp:[127.0.0.1]:10065"],
    "CC_BADH,7": "smtp:[127.0.0.1]:10075",
    CC_SPAM: [{ "bob@here.example": ["lmtp:/run/spam", "lmtp:/run/spam"] }],
    CC_CLEAN: [null],
  },
};
const wrapped = { ...accepted, edits: { ...accepted.edits, wrap: { heading: "", before: "", after: "" } } };
const found = (...all: readonly Contents[]) => ({ ...accepted, content: { all, viruses: [], headerFaults: [] } });

for (const [title, decision, recipient, hops] of [
  ["mail that is wrapped goes by resend_method", wrapped, "ann@here.example", ["smtp:[127.0.0.1]:10055"]],
  [
    "contents go before recipients",
    found({ category: "CC_BANNED", minor: 0 }, { category: "CC_SPAM", minor: 0 }),
    "ann@here.example",
    ["smtp:[127.0.0.1]:10065"],
  ],
  ["a minor category", found({ category: "CC_BADH", minor: 7 }), "ann@here.example", ["smtp:[127.0.0.1]:10075"]],
  [
    "contents without an entry",
    found({ category: "CC_BADH", minor: 3 }),
    "ann@here.example",
    ["smtp:[127.0.0.1]:10035"],
  ],
  [
    "contents by recipient",
    found({ category: "CC_SPAM", minor: 0 }),
    "bob@here.example",
    ["lmtp:/run/spam", "lmtp:/run/spam"],
  ],
  [
    "an entry without a value for them",
    found({ category: "CC_SPAM", minor: 0 }),
    "ann@here.example",
    ["smtp:[127.0.0.1]:10035"],
  ],
  ["clean mail", accepted, "bob@here.example", ["smtp:[127.0.0.1]:10025"]],
] as const) {
  test(`by contents: ${title}`, () => assert.deepEqual(forward(byContents, recipient, decision), hops));
}

test("CC_CATCHALL holds for contents without an entry", () => {
  const settings = { ...standard, forward_method_maps_by_ccat: { CC_CATCHALL: "smtp:[127.0.0.1]:10085" } };
  assert.deepEqual(forward(settings), ["smtp:[127.0.0.1]:10085"]);
});

test("of several next hops all are tried, beginning with a drawn one that is the same for the whole mail", () => {
  let drawn = 0;
  const nextHops = createNextHops(() => {
    drawn += 1;
    return 0.9;
  });
  const mail = judged({}, { bank: bankWith({ forward_method: ["smtp:[127.0.0.1]:1", "smtp:[127.0.0.1]:2"] }) });
  const first = nextHops.forward(mail, "ann@here.example", accepted);
  assert.deepEqual(new Set(first.map(formatNextHop)), new Set(["smtp:[127.0.0.1]:1", "smtp:[127.0.0.1]:2"]));
  assert.deepEqual(nextHops.forward(mail, "bob@here.example", accepted), first);
  assert.equal(drawn, 1);
});

test("what has no * is one list for all mails", () => {
  const nextHops = createNextHops();
  const bank = bankWith(standard);
  const of = () => nextHops.forward(judged({}, { bank }), "ann@here.example", accepted);
  assert.equal(of(), of());
});

test("* is filled in from the connection: its peer's address, the port after the listener's", () => {
  assert.deepEqual(forward({ forward_method: "smtp:[*]:*" }), ["smtp:[127.0.0.1]:10025"]);
});

test("notifications go by notify_method", () => {
  const mail = judged({}, { bank: bankWith({ ...byRecipient, notify_method: "smtp:[127.0.0.1]:10027" }) });
  assert.deepEqual(createNextHops().notify(mail).map(formatNextHop), ["smtp:[127.0.0.1]:10027"]);
});
