import assert from "node:assert/strict";
import { test } from "node:test";
import { logLines } from "../../../../src/flow/outcome/log-line.ts";
import type { Outcome } from "../../../../src/flow/outcome/outcome.ts";
import type { ScanRecord } from "../../../../src/flow/outcome/scan-record.ts";
import { shownBlock } from "../../../support/document-blocks.ts";
import { later, no, ok, outcomeWith, recipient } from "../../../support/outcomes.ts";

const client = "[192.0.2.3]:33333";
const ids = "Message-ID: <att@friend.example>, mail_id: UCtEH5c6lsJ1, Hits: -, size: 436";
const policy = { code: 550, enhanced: "5.7.26", text: "no" };
const signature = {
  kind: "dkim",
  result: "pass",
  domain: "friend.example",
  selector: "s1",
  algorithm: "rsa-sha256",
  identity: "@friend.example",
  b: "abc",
} as const;

const cases: readonly (readonly [Partial<Outcome>, readonly string[]])[] = [
  [
    { queuedAs: ["ABC0032DEF"], verifications: [signature] },
    [
      `(00001-01) Passed CLEAN {RelayedInbound}, ${client} <alice@example.com> -> <bob@example.com>, ${ids}, queued_as: ABC0032DEF, dkim_sd=s1:friend.example, 12 ms`,
    ],
  ],
  [
    {
      bankPath: "ORIGINATING/MYNETS",
      originating: true,
      oldestPublicAddress: "198.51.100.1",
      recipients: [recipient("bob@elsewhere.test", undefined, { local: false, direction: "Outbound" })],
      signings: [{ result: "signed", domain: "example.com", selector: "foo", algorithm: "rsa-sha256" }],
    },
    [
      `(00001-01) Passed CLEAN {RelayedOutbound}, ORIGINATING/MYNETS LOCAL ${client} [198.51.100.1] <alice@example.com> -> <bob@elsewhere.test>, ${ids}, dkim_new=foo:example.com, 12 ms`,
    ],
  ],
  [
    {
      recipients: [
        recipient("bob@example.com"),
        recipient("eve@example.com", no, { notices: [{ kind: "dsn", result: "sent" }] }),
      ],
    },
    [
      `(00001-01) Passed CLEAN {RelayedInbound}, ${client} <alice@example.com> -> <bob@example.com>, ${ids}, 12 ms`,
      `(00001-01) Blocked MTA-BLOCKED {RejectedInbound,Bounced}, ${client} <alice@example.com> -> <eve@example.com>, ${ids}, reply: 550 5.1.1 No such user, 12 ms`,
    ],
  ],
  [
    {
      recipients: [recipient("bob@example.com", later)],
      verifications: [{ ...signature, result: "fail", reason: "body-hash-mismatch" }],
    },
    [
      `(00001-01) Blocked MTA-BLOCKED {TempFailedInbound}, ${client} <alice@example.com> -> <bob@example.com>, ${ids}, dkim_fail=s1:friend.example:body-hash-mismatch, reply: 451 4.7.1 Greylisted, 12 ms`,
    ],
  ],
  // What was signed and sealed before it was refused nobody ever saw.
  [
    {
      recipients: [recipient("bob@example.com", later)],
      signings: [{ result: "signed", domain: "example.com", selector: "foo", algorithm: "rsa-sha256" }],
      seal: { result: "sealed", domain: "example.com", selector: "arc", chain: "none" },
    },
    [
      `(00001-01) Blocked MTA-BLOCKED {TempFailedInbound}, ${client} <alice@example.com> -> <bob@example.com>, ${ids}, reply: 451 4.7.1 Greylisted, 12 ms`,
    ],
  ],
  [
    {
      recipients: [recipient("bob@example.com"), recipient("eve@example.com", no)],
      signings: [{ result: "signed", domain: "example.com", selector: "foo", algorithm: "rsa-sha256" }],
      seal: { result: "sealed", domain: "example.com", selector: "arc", chain: "none" },
    },
    [
      `(00001-01) Passed CLEAN {RelayedInbound}, ${client} <alice@example.com> -> <bob@example.com>, ${ids}, dkim_new=foo:example.com, arc_new=arc:example.com, 12 ms`,
      `(00001-01) Blocked MTA-BLOCKED {RejectedInbound}, ${client} <alice@example.com> -> <eve@example.com>, ${ids}, reply: 550 5.1.1 No such user, 12 ms`,
    ],
  ],
  [
    {
      recipients: [recipient("bob@example.com", policy, { category: "CC_POLICY", rule: "dmarc", action: "reject" })],
    },
    [
      `(00001-01) Blocked OTHER {RejectedInbound}, ${client} <alice@example.com> -> <bob@example.com>, ${ids}, rule=dmarc, reply: 550 5.7.26 no, 12 ms`,
    ],
  ],
  [
    {
      recipients: [
        recipient("bob@example.com", policy, { category: "CC_POLICY", rule: "loop", action: "reject" }),
        recipient("eve@example.com", no),
      ],
    },
    [
      `(00001-01) Blocked OTHER {RejectedInbound}, ${client} <alice@example.com> -> <bob@example.com>,<eve@example.com>, ${ids}, rule=loop, reply: 550 5.7.26 no, 12 ms`,
    ],
  ],
];

for (const [outcome, lines] of cases) {
  test(lines[0]?.slice(0, 60) ?? "", () => assert.deepEqual(logLines(outcomeWith(outcome)), lines));
}

// The shape that amavis log analysers take apart, in the order of amavisd's own line.
const analyser =
  /^\((?<id>[\d-]+)\) (?<word>Passed|Blocked) (?<category>[A-Z-]+(?: \([^)]*\))?) \{(?<actions>[A-Za-z,]+)\}, (?:(?<bank>[A-Z/-]+) )?(?<local>LOCAL )?(?:\[(?<ip>[^\]]*)\](?::\d+)? )?(?:\[(?<trace>[^\]]*)\] )?<(?<from>[^>]*)> -> (?<to><[^>]*>(?:,<[^>]*>)*)(?:, Message-ID: (?<mid><[^>]*>))?, mail_id: (?<mailid>[\w-]{12}), Hits: (?<hits>-|[\d.-]+), size: (?<size>\d+)(?:, queued_as: (?<queue>[\w/]+))?(?<rest>.*), (?<ms>\d+) ms$/;

test("every line has the shape that log analysers read", () => {
  for (const [outcome, lines] of cases) {
    for (const line of logLines(outcomeWith(outcome))) {
      const groups = analyser.exec(line)?.groups;
      assert.ok(groups !== undefined, line);
      assert.equal(groups["mailid"], "UCtEH5c6lsJ1");
      assert.equal(groups["ms"], "12");
      assert.ok(lines.includes(line));
    }
  }
});

test("what mail brings along stays within its place", () => {
  const evil = "x\r\n(00001-02) Passed CLEAN {RelayedInbound}, \x1b[2J\u2028\u202e";
  const [line = "", ...more] = logLines(
    outcomeWith({
      sender: evil,
      messageId: `<${evil}>`,
      recipients: [recipient(`${evil}${"y".repeat(5000)}`)],
      queuedAs: [evil],
      error: evil,
      verifications: [{ ...signature, selector: evil, domain: evil }],
      session: { ...outcomeWith().session, client: { address: evil, port: evil, helo: evil, name: evil } },
    }),
  );
  assert.deepEqual(more, []);
  assert.match(line, /^[\x20-\x7e]+$/);
  assert.ok(line.length < 4000, `${line.length}`);
});

test("contents are named in amavisd's words, with scores and tests", () => {
  const content = { all: [], viruses: [], headerFaults: [] };
  const score = (value: number) => ({ score: value, tests: ["A=1", "B=2"], isTagged: true });
  const lineOf = (...more: Parameters<typeof recipient>[2][]) =>
    logLines(outcomeWith({ recipients: more.map((each) => recipient("bob@example.com", ok, each ?? {})) }))[0] ?? "";
  assert.match(lineOf({ category: "CC_BADH", minor: 7, content }), /Passed BAD-HEADER-7 \{RelayedInbound\}/);
  assert.match(lineOf({ category: "CC_UNCHECKED", minor: 1, content }), /Passed UNCHECKED-ENCRYPTED /);
  assert.match(
    lineOf({
      category: "CC_VIRUS",
      content: { ...content, viruses: ["Eicar"] },
      action: "discard",
      quarantine: ["v/x"],
    }),
    /Blocked INFECTED \(Eicar\) \{DiscardedInbound,Quarantined\}, .*, quarantine: v\/x, Message-ID/,
  );
  assert.match(
    lineOf({ category: "CC_BANNED", content: { ...content, banned: { names: [".exe,a.exe"], key: "x" } } }),
    /Passed BANNED \(\.exe,a\.exe\) /,
  );
  assert.match(lineOf({ content: { ...content, score: score(0.9991) } }), /, Hits: 0\.999, .*Tests: \[A=1,B=2\]/);
  assert.match(
    lineOf({ content: { ...content, score: score(1) } }, { content: { ...content, score: score(3) } }),
    /, Hits: 1\.\.3, /,
  );
});

test("a line says why mail is unchecked, which scanners did not answer, and what was remembered", () => {
  const unchecked = [
    { reason: "ambiguous", detail: "a" },
    { reason: "ambiguous", detail: "b" },
    { reason: "encrypted", detail: "c" },
  ] as const;
  const answers = [{ scanner: "ClamAV", result: "failed", detail: ["timeout"] }] as const;
  const scanned = (scan: ScanRecord) => logLines(outcomeWith({ scan }))[0] ?? "";
  const spam = { scanner: "SA", score: 1, cached: true };
  assert.match(
    scanned({ parts: 2, unchecked, virus: { answers, failed: true, cached: false }, spam }),
    /, size: 436, unchecked=ambiguous,encrypted, scan_fail=ClamAV, spam \(cached\), /,
  );
  assert.match(scanned({ virus: { answers: [], failed: false, cached: true } }), /, size: 436, virus \(cached\), /);
});

test("docs/logging.md shows the line of a mail that was signed", () => {
  const { session } = outcomeWith();
  const outcome = outcomeWith({
    session: { ...session, id: "31337-04" },
    bankPath: "ORIGINATING",
    originating: true,
    recipients: [recipient("bob@elsewhere.test", undefined, { local: false, direction: "Outbound" })],
    messageId: "<x@example.com>",
    signings: [{ result: "signed", domain: "example.com", selector: "foo", algorithm: "rsa-sha256" }],
    queuedAs: ["ABC0032DEF"],
  });
  assert.deepEqual(logLines(outcome), [shownBlock("docs/logging.md", "(31337-04) Passed")]);
});
