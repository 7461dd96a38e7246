import assert from "node:assert/strict";
import { test } from "node:test";
import { lintProblems } from "../../../support/lint-problems.ts";

const forgotten = "nothing remembers what our users sent: set sent_mail.file, or redis.url";

for (const [title, settings, said] of [
  ["neither is asked for", { penpals_bonus_score: null, bounce_killer_score: 0 }, []],
  ["a bonus", { penpals_bonus_score: 8 }, [`error: penpals_bonus_score: ${forgotten}`]],
  [
    "bounces, in a bank",
    { interface_policy: { 1: "A" }, inet_socket_port: [1], policy_bank: { A: { bounce_killer_score: 5 } } },
    [`error: policy_bank.A.bounce_killer_score: ${forgotten}`],
  ],
  ["a file remembers", { penpals_bonus_score: 8, sent_mail: { file: "/x" } }, []],
  ["a server remembers", { penpals_bonus_score: 8, redis: { url: "redis://127.0.0.1" } }, []],
] as const) {
  test(`what remembers sent mail: ${title}`, () => {
    assert.deepEqual(
      lintProblems(settings).filter((line) => line.includes("remembers")),
      said,
    );
  });
}
