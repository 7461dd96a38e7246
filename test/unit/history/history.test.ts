import assert from "node:assert/strict";
import { test } from "node:test";
import { keepOutcome } from "../../../src/flow/outcome/kept.ts";
import { mailLines } from "../../../src/flow/outcome/mail-text.ts";
import { createPastMailReader } from "../../../src/flow/outcome/past-mail.ts";
import { mailRecord } from "../../../src/flow/outcome/record.ts";
import { noSurroundings } from "../../../src/flow/outcome/surroundings.ts";
import type { HistoryFile } from "../../../src/history/file.ts";
import { createHistory } from "../../../src/history/history.ts";
import type { HistoryRow } from "../../../src/mail/history-row.ts";
import { shownBlock } from "../../support/document-blocks.ts";
import { outcomeWith, recipient } from "../../support/outcomes.ts";

/** A file that keeps its rows in memory. */
function rowsKept(): HistoryFile {
  const rows: HistoryRow[] = [];
  return {
    add: (row) => void rows.push(row),
    find: async () => [],
    async recent(limit, match) {
      const fitting = rows.filter(({ line }) => line.includes(match));
      return fitting.sort((one, other) => other.at - one.at).slice(0, limit);
    },
    dropped: 0,
    close: async () => {},
  };
}

/** In the order in which they ended: each with when it came, in seconds. */
const ended: readonly (readonly [id: string, cameAt: number])[] = [
  ["first", 1],
  ["second", 2],
  ["alike", 2],
  ["third", 3],
  ["slow", 0],
  ["last", 3],
];

for (const [limit, wanted] of [
  [99, ["first", "second", "alike", "third", "slow", "last"]],
  [3, ["third", "slow", "last"]],
] as const) {
  test(`of what memory no longer has, the file gives what is missing: ${limit} at most`, async () => {
    const history = createHistory(
      createPastMailReader(() => noSurroundings),
      2,
      rowsKept(),
    );
    for (const [id, cameAt] of ended) {
      history.add(
        keepOutcome(outcomeWith({ mailId: id, messageId: `<${id}@example.com>`, receivedAtMs: 1000 * cameAt })),
      );
    }
    const lines = await history.recent(limit);
    const told = lines.map(({ line }) => /<(\w+)@example\.com>,/.exec(line.slice(line.indexOf("Message-ID")))?.[1]);
    assert.deepEqual(new Set(told), new Set(wanted));
    assert.equal(told.length, wanted.length);
    assert.deepEqual(told.slice(-2), ["slow", "last"]);
  });
}

test("a mail with addresses in UTF-8 is found by them in any case, and its record has them as text", async () => {
  const history = createHistory(
    createPastMailReader(() => noSurroundings),
    2,
  );
  const octets = (text: string) => Buffer.from(text).toString("latin1");
  history.add(
    keepOutcome(
      outcomeWith({
        sender: octets("JÖ@münchen.example"),
        recipients: [recipient(octets("Δ@example.com"))],
        messageId: octets("<é@example.com>"),
      }),
    ),
  );
  for (const name of ["jö@münchen.example", "<JÖ@MÜNCHEN.example>", "δ@example.com", "É@example.com"]) {
    const [found] = await history.find(name);
    assert.ok(found !== undefined && "message_id" in found.record, name);
    assert.equal(found.record.sender, "JÖ@münchen.example", name);
    assert.equal(found.record.recipients[0]?.address, "Δ@example.com");
    assert.equal(found.record.message_id, "<é@example.com>");
  }
});

test("docs/logging.md shows what why says of a recipient", () => {
  const reply = { code: 250, enhanced: "2.7.0", text: "Ok, discarded" };
  const copy = { purpose: "quarantine", category: "CC_BANNED", method: "local:banned-%m", to: "banned" } as const;
  const outcome = outcomeWith({
    recipients: [
      recipient("joe@example.com", reply, {
        action: "discard",
        rule: "banned",
        category: "CC_BANNED",
        owed: { copies: [copy], notices: [{ kind: "admin", category: "CC_BANNED", to: "postmaster@example.com" }] },
        quarantine: ["t/banned-t5bDoRaO1a6J"],
        notices: [
          { kind: "dsn", result: "suppressed", reason: "unverified-sender" },
          { kind: "admin", result: "sent" },
        ],
        content: {
          all: [
            { category: "CC_BANNED", minor: 0 },
            { category: "CC_BADH", minor: 7 },
          ],
          viruses: [],
          headerFaults: ['Missing required header field: "Date"'],
          banned: {
            names: ["application/octet-stream,.exe,evil.exe"],
            key: "\\.exe$",
            origin: "signpost.yaml:40:7",
          },
          score: { score: 7.2, tests: ["BAYES_99=3.5", "AM.WBL=3.7"], isTagged: true, tag: 2, tag2: 6.2, kill: 6.9 },
        },
      }),
    ],
  });
  const text = mailLines(mailRecord(outcome), noSurroundings);
  const said = text.slice(
    text.findIndex((line) => line.startsWith("  to <")),
    text.findIndex((line) => line.startsWith("  reply ")),
  );
  assert.equal(said.map((line) => line.slice(2)).join("\n"), shownBlock("docs/logging.md", "to <joe@example.com>"));
});
