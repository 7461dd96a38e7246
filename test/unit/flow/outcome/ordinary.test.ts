import assert from "node:assert/strict";
import { test } from "node:test";
import { keepOutcome } from "../../../../src/flow/outcome/kept.ts";
import { ordinaryOctets } from "../../../../src/flow/outcome/ordinary.ts";
import type { Outcome } from "../../../../src/flow/outcome/outcome.ts";
import { createPastMailReader } from "../../../../src/flow/outcome/past-mail.ts";
import { noSurroundings } from "../../../../src/flow/outcome/surroundings.ts";
import { createHistory } from "../../../../src/history/history.ts";
import { no, outcomeWith, recipient } from "../../../support/outcomes.ts";

const headerOctets = 2000;
const ordinary = outcomeWith({ headerOctets });
const bob = recipient("bob@example.com");
const long = (octets: number) => "x".repeat(octets);
const times = <T>(count: number, item: T): readonly T[] => Array.from({ length: count }, () => item);
const finding = { method: "spf", result: "pass", properties: [] } as const;
const verification = { kind: "dkim", result: "pass", domain: "d", selector: "s", b: "" } as never;
const signing = { result: "skipped", reason: "not-originating" } as const;
const candidate = { source: "From", address: "a@b.example", attempts: [], matches: [] } as const;

const points = { score: 1.5, tests: ["BAYES_50=0.8"], isTagged: false } as const;
const scored = { all: [{ category: "CC_CLEAN", minor: 0 }], score: points, viruses: [], headerFaults: [] } as const;
const manyTests = { ...points, tests: times(200, "A_TEST_OF_SPAMASSASSIN=0.1") } as const;
const remembered = {
  parts: 2,
  virus: { answers: [{ scanner: "ClamAV", result: "clean", detail: [] }], failed: false, cached: true },
  spam: { scanner: "s", cached: true },
} as const;

const cases: readonly (readonly [string, Partial<Outcome>, boolean])[] = [
  ["one recipient", {}, true],
  ["four recipients, one of them refused", { recipients: [bob, bob, bob, recipient("x@example.com", no)] }, true],
  ["five recipients", { recipients: times(5, bob) }, false],
  ["a header of 6 KiB", { headerOctets: 6144 }, true],
  ["a header of 8 KiB", { headerOctets: 8192 }, false],
  ["a sender of 7 KiB", { sender: long(7168) }, false],
  ["an address of 5 KiB", { recipients: [recipient(long(5120))] }, false],
  [
    "a notice that was sent",
    { recipients: [recipient("b@x", no, { notices: [{ kind: "dsn", result: "sent" }] })] },
    false,
  ],
  ["a copy that is kept", { recipients: [{ ...bob, quarantine: ["local:x"] as never }] }, false],
  ["a score", { recipients: [{ ...bob, content: scored }] }, true],
  ["a score of many tests", { recipients: [{ ...bob, content: { ...scored, score: manyTests } }] }, false],
  ["a fault of the header section", { recipients: [{ ...bob, content: { ...scored, headerFaults: ["x"] } }] }, true],
  [
    "a fault that is told at length",
    { recipients: [{ ...bob, content: { ...scored, headerFaults: [long(7000)] } }] },
    false,
  ],
  ["a virus", { recipients: [{ ...bob, content: { ...scored, viruses: ["Eicar"] } }] }, false],
  [
    "a banned name",
    { recipients: [{ ...bob, content: { ...scored, banned: { names: ["x.exe"], key: "x" } } }] },
    false,
  ],
  ["verdicts that were remembered", { scan: remembered }, true],
  [
    "a verdict on viruses of just now",
    { scan: { ...remembered, virus: { ...remembered.virus, cached: false } } },
    false,
  ],
  ["a verdict on spam of just now", { scan: { ...remembered, spam: { scanner: "s", cached: false } } }, false],
  ["what could not be looked through", { scan: { parts: 1, unchecked: [{ reason: "failed", detail: "x" }] } }, false],
  ["something of ours that broke", { error: "Error" }, false],
  ["LMTP", { recipientReplies: [bob.reply] }, false],
  ["lines of log level 2", { detailLines: ["line"] }, false],
  ["hints of a change", { evidence: { from: [], candidates: [], changeHints: [] } }, false],
  ["nine findings", { findings: times(9, finding) }, false],
  ["five signatures", { verifications: times(5, verification) }, false],
  ["five signings", { signings: times(5, signing) }, false],
  ["five candidates", { evidence: { from: [], candidates: times(5, candidate) } }, false],
  ["five names of queues", { queuedAs: times(5, "Q") }, false],
];

for (const [name, more, isOrdinary] of cases) {
  test(`${name}: ${isOrdinary ? "kept as it is" : "kept as a text"}`, () => {
    const outcome = { ...ordinary, ...more };
    const octets = ordinaryOctets(outcome);
    assert.equal(octets !== undefined, isOrdinary);
    assert.equal(keepOutcome(outcome).text === undefined, isOrdinary);
    assert.ok((octets ?? 0) <= 8192);
  });
}

test("octets of the header and of texts count", () => {
  const counted = (more: Partial<Outcome>) => ordinaryOctets({ ...ordinary, ...more }) ?? 0;
  assert.equal(counted({ headerOctets: headerOctets + 7 }), counted({}) + 7);
  assert.equal(counted({ sender: long(1000) }), counted({}) + 1000 - ordinary.sender.length);
});

test("what is shown of a mail is the same, whichever way it is kept", async () => {
  const history = () =>
    createHistory(
      createPastMailReader(() => noSurroundings),
      10,
    );
  const [asItIs, asText] = [history(), history()];
  const { headerOctets: _, ...unmeasured } = ordinary;
  asItIs.add(keepOutcome(ordinary));
  asText.add(keepOutcome(unmeasured));
  assert.equal(keepOutcome(unmeasured).text === undefined, false);
  assert.deepEqual(await asItIs.find(ordinary.mailId), await asText.find(ordinary.mailId));
  assert.deepEqual(await asItIs.recent(10), await asText.recent(10));
});
