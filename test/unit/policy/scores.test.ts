import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatStep,
  listing,
  listingStep,
  reputationStep,
  scoreBeforeLists,
  senderScoreStep,
  verifiedDomains,
} from "../../../src/policy/scores.ts";
import { signed } from "./mail.ts";
import { setUp } from "./setup.ts";

test("reputation pulls the score towards the domain's value", () => {
  const { base } = setUp({ base: { signer_reputation_maps: [{ ".good.example": -5, "bad.example": 8, ".": 1 }] } });
  const step = reputationStep(base, [signed("mail.good.example")], -0.001);
  assert.equal(step && formatStep(step), "AM.DKIM_REPUT=-1");
  assert.equal(step?.score.toFixed(3), "-1.001");
  assert.deepEqual(step?.matches, [
    { address: "mail.good.example", value: -5, key: ".good.example", origin: "signer_reputation_maps.0..good.example" },
  ]);
});

test("of several signers the smallest value counts", () => {
  const { base } = setUp({ base: { signer_reputation_maps: [{ "good.example": -5, "bad.example": 8 }] } });
  const score = (...domains: string[]) =>
    reputationStep(
      base,
      domains.map((domain) => signed(domain)),
      10,
    )?.score;
  assert.equal(score("bad.example", "good.example"), 0.2 * -5 + 0.8 * 10);
  assert.equal(score("bad.example"), 0.2 * 8 + 0.8 * 10);
  assert.equal(score("unknown.example"), undefined);
  assert.equal(score(), undefined);
});

test("signatures that do not count have no reputation", () => {
  const { base } = setUp({ base: { signer_reputation_maps: [{ ".": -5 }] } });
  for (const facts of [{ result: "fail" }, { keyBits: 512 }, { testing: true }, { algorithm: "rsa-sha1" }] as const) {
    assert.equal(reputationStep(base, [signed("good.example", facts)], 3), undefined);
  }
});

test("the factor is held between 0 and 1", () => {
  for (const [factor, score] of [
    [0, 10],
    [1, -5],
    [7, -5],
    [-1, 10],
  ] as const) {
    const { base } = setUp({ base: { signer_reputation_maps: [-5], reputation_factor: factor } });
    assert.equal(reputationStep(base, [signed("x.example")], 10)?.score, score);
  }
});

const scoreMaps = [
  {
    ".": [
      { "news@lists.example": -3, ".lists.example": -1 },
      {
        regexp: [
          ["^(bulkmail|offers)@", 5.5],
          ["(?i)^nobody@", 1],
        ],
      },
    ],
    "joe@example.com": [{ "ann@friend.example": -10, ".": 0.5 }],
  },
] as const;

const scoreCases: readonly (readonly [
  title: string,
  recipient: string,
  senders: readonly string[],
  score: number | undefined,
])[] = [
  ["the first match of a table counts", "x@y", ["news@lists.example"], -3],
  ["another key of the same table", "x@y", ["other@sub.lists.example"], -1],
  ["tables add up", "x@y", ["offers@lists.example"], 4.5],
  [
    "every sender is tried, the first that is found counts per table",
    "x@y",
    ["bounce@lists.example", "news@lists.example"],
    -1,
  ],
  ["authors count like the envelope", "x@y", ["", "offers@shop.example"], 5.5],
  ["a recipient's own tables come on top of those for all", "Joe@Example.com", ["ann@friend.example"], -10],
  ["and all of them add up", "joe@example.com", ["offers@lists.example"], 5],
  ["nothing found, nothing changed", "x@y", ["ann@friend.example"], undefined],
];

for (const [title, recipient, senders, score] of scoreCases) {
  test(`score_sender_maps: ${title}`, () => {
    const { base, problems } = setUp({ base: { score_sender_maps: scoreMaps } });
    assert.deepEqual(problems, []);
    const step = senderScoreStep(base, recipient, senders, 0);
    assert.equal(step?.score, score);
    if (step !== undefined) assert.equal(formatStep(step), `AM.WBL=${score}`);
  });
}

test("a match of score_sender_maps tells the inner key and its place", () => {
  const { base } = setUp({ base: { score_sender_maps: scoreMaps } });
  assert.deepEqual(senderScoreStep(base, "x@y", ["news@lists.example"], 1)?.matches, [
    {
      address: "news@lists.example",
      value: -3,
      key: "news@lists.example",
      origin: "score_sender_maps.0...0.news@lists.example",
    },
  ]);
});

const lists = setUp({
  base: {
    whitelist_sender_maps: [[".friend.example", ".both.example"]],
    blacklist_sender_maps: [[".spam.example", ".both.example"]],
    per_recip_whitelist_sender_lookup_tables: [
      { "joe@example.com": ["ann@spam.example"], ".tables.example": [{ ".x.example": 1 }, ["y.example"]] },
    ],
    per_recip_blacklist_sender_lookup_tables: [{ "joe@example.com": [".friend.example"] }],
  },
});
const verified = (...domains: string[]) => new Set(domains);

const listCases: readonly (readonly [
  title: string,
  recipient: string,
  senders: readonly string[],
  verified: ReadonlySet<string>,
  list: string | undefined,
])[] = [
  ["a verified author is welcome", "x@y", ["", "a@friend.example"], verified("friend.example"), "white"],
  ["an unverified one is not", "x@y", ["a@friend.example"], verified(), undefined],
  ["nor one verified as somebody else", "x@y", ["a@friend.example"], verified("attack.example"), undefined],
  ["a black list needs no proof", "x@y", ["a@sub.spam.example"], verified(), "black"],
  ["verified and on both lists: white", "x@y", ["a@both.example"], verified("both.example"), "white"],
  ["unverified and on both lists: black", "x@y", ["a@both.example"], verified(), "black"],
  [
    "the recipient's own list comes first",
    "joe@example.com",
    ["a@friend.example"],
    verified("friend.example"),
    "black",
  ],
  ["and outdoes the black list for all", "joe@example.com", ["ann@spam.example"], verified("spam.example"), "white"],
  ["a recipient's value may be several tables", "q@tables.example", ["a@y.example"], verified("y.example"), "white"],
  ["on no list", "x@y", ["a@z.example"], verified("z.example"), undefined],
];

for (const [title, recipient, senders, domains, list] of listCases) {
  test(`sender lists: ${title}`, () => {
    assert.deepEqual(lists.problems, []);
    assert.equal(listing(lists.base, recipient, senders, domains)?.list, list);
  });
}

test("a black listing raises the score to 64, a white one leaves it", () => {
  const black = listing(lists.base, "x@y", ["a@spam.example"], verified());
  const white = listing(lists.base, "x@y", ["a@friend.example"], verified("friend.example"));
  assert.ok(black !== undefined && white !== undefined);
  assert.equal(listingStep(black, 3).score, 64);
  assert.equal(formatStep(listingStep(black, 3)), "AM.BLACKLISTED=61");
  assert.equal(listingStep(black, 70).score, 70);
  assert.equal(listingStep(white, 9).score, 9);
});

test("verified domains come from signatures that count and from SPF", () => {
  const { base } = setUp({});
  const signatures = [
    signed("a.example"),
    signed("b.example", { result: "fail" }),
    signed("c.example", { keyBits: 512 }),
  ];
  assert.deepEqual([...verifiedDomains(base, signatures, "d.example")], ["a.example", "d.example"]);
});

test("a score without the points of lists and reputation is the scanner's", () => {
  assert.equal(scoreBeforeLists({ score: 4.1, tests: ["A=5", "B", "AM.WBL=-1.5", "AM.DKIM_REPUT=0.6"] }), 5);
  assert.equal(scoreBeforeLists({ score: 64, tests: ["AM.WBL=-3", "AM.BLACKLISTED=67"] }), 0);
  assert.equal(scoreBeforeLists({ score: 3, tests: ["AM.WBL=1", "A=3"] }), 3);
  assert.equal(scoreBeforeLists({ score: 3, tests: [] }), 3);
});
