// Names of files in quarantine: amavisd's templates, and nothing that a mail says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { expandTemplate, otherName, subFolder, templateProblem } from "../../../src/quarantine/file-name.ts";

const values = {
  mailId: "t5bDoRaO1a6J",
  logId: "4711-01-2",
  bodyDigest: "ab".repeat(32),
  receivedAtMs: new Date(2026, 6, 5, 9, 15, 1).getTime(),
  partitionTag: "../w29",
};

const names: readonly (readonly [template: string, name: string])[] = [
  ["virus-%m", "virus-t5bDoRaO1a6J"],
  ["spam-%m.gz", "spam-t5bDoRaO1a6J.gz"],
  ["", "t5bDoRaO1a6J"],
  ["%i-%n", "20260705T091501-4711-01-2"],
  ["%b", "ab".repeat(32)],
  ["%P-%m", "___w29-t5bDoRaO1a6J"],
  ["100%%-%m", "100%-t5bDoRaO1a6J"],
  ["%%m-%m", "%m-t5bDoRaO1a6J"],
  ["in/%m.eml", "in/t5bDoRaO1a6J.eml"],
];

for (const [template, name] of names) {
  test(`local:${template} names ${name}`, () => {
    assert.equal(templateProblem(template), undefined);
    assert.equal(expandTemplate(template, values), name);
  });
}

const wrong: readonly (readonly [template: string, problem: RegExp])[] = [
  ["/var/virusmails/%m", /absolute/],
  ["../%m", /dot/],
  ["a/../%m", /dot/],
  ["a//%m", /empty step/],
  ["a/", /empty step/],
  [".%m", /dot/],
  ["virus", /%m is missing/],
  ["virus-%%m", /%m is missing/],
  ["virus-%P", /%m is missing/],
  ["%m-%s", /%s stands for nothing/],
  ["%m%", /% stands for nothing/],
  ["a\0%m", /control characters/],
  [`${"x".repeat(100)}%m`, /more than 100/],
  ["%m-%b-%b-%b-%b", /longer than a file system takes/],
  [`a/${"ü".repeat(90)}%b/%m`, /longer than a file system takes/],
];

for (const [template, problem] of wrong) {
  test(`local:${JSON.stringify(template)} is refused`, () => {
    assert.match(templateProblem(template) ?? "", problem);
  });
}

test("sub-folders are the first characters of mail_id", () => {
  assert.equal(subFolder("t5bDoRaO1a6J", 0), "");
  assert.equal(subFolder("t5bDoRaO1a6J", 1), "t/");
  assert.equal(subFolder("t-bDoRaO1a6J", 2), "t/-/");
});

test("a name that is taken gets the mail_id behind it, before .gz", () => {
  assert.equal(otherName("t/x.gz", "t5bDoRaO1a6J"), "t/x-t5bDoRaO1a6J.gz");
  assert.equal(otherName("t/x", "t5bDoRaO1a6J"), "t/x-t5bDoRaO1a6J");
});
