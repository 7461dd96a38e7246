import assert from "node:assert/strict";
import { test } from "node:test";
import { contentFields, isFieldName } from "../../../../src/flow/edits/content-fields.ts";
import type { ContentFacts } from "../../../../src/mail/content.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { bankWith, judged } from "../mails.ts";

const allowed = { "x-amavis-alert": true, "x-quarantine-id": true };
const scanned: ContentFacts = { virus: { names: [], answers: [], failed: false, cached: false } };
const content = { all: [], viruses: ["Eicar"], headerFaults: ['Missing required header field: "Date"'] };
const banned = { names: ["x:.exe,evil.exe"], key: "x" };

function fields(base: BankOverlay, facts: ContentFacts, more: object, isLocal = true) {
  const bank = bankWith({
    X_HEADER_TAG: "X-Virus-Scanned",
    X_HEADER_LINE: "us",
    allowed_added_header_fields: allowed,
    ...base,
  });
  const mail = judged({}, { bank, facts: { findings: [], verifications: [], content: facts } });
  return contentFields(mail, { quarantine: [], ...more }, "ann@here.example", isLocal);
}

test("mail that was scanned says so, unless the recipient bypasses it, nobody answered or the name is none", () => {
  assert.deepEqual(fields({}, scanned, {}), ["X-Virus-Scanned: us\r\n"]);
  assert.deepEqual(fields({}, {}, {}), []);
  assert.deepEqual(fields({ bypass_virus_checks_maps: [true] }, scanned, {}), []);
  assert.deepEqual(fields({ X_HEADER_LINE: "" }, scanned, {}), []);
  assert.deepEqual(fields({ X_HEADER_TAG: "X Y" }, scanned, {}), []);
  assert.deepEqual(fields({}, { virus: { names: [], answers: [], failed: true, cached: false } }, {}), []);
});

test("what says so is made once for a bank, and is that bank's", () => {
  const [one, other] = ["us", "them"].map((text) => bankWith({ X_HEADER_TAG: "X-Scanned", X_HEADER_LINE: text }));
  assert.ok(one !== undefined && other !== undefined);
  const facts = { findings: [], verifications: [], content: scanned };
  for (const bank of [one, other, one, other]) {
    const mail = judged({}, { bank, facts });
    const shown = contentFields(mail, { quarantine: [] }, "ann@here.example", true);
    assert.deepEqual(shown, [`X-Scanned: ${bank.X_HEADER_LINE}\r\n`]);
  }
});

test("alerts name the first of each kind", () => {
  assert.deepEqual(fields({}, {}, { content: { ...content, banned } }), [
    "X-Amavis-Alert: INFECTED, message contains virus: Eicar\r\n",
    "X-Amavis-Alert: BANNED, message contains x:.exe,evil.exe\r\n",
    'X-Amavis-Alert: BAD HEADER SECTION, Missing required header field: "Date"\r\n',
  ]);
  assert.deepEqual(fields({ allowed_added_header_fields: {} }, {}, { content }), []);
});

test("where a copy is kept only recipients of ours are told", () => {
  const kept = { quarantine: ["v/virus-x"] };
  assert.deepEqual(fields({}, {}, kept), ["X-Quarantine-ID: <UCtEH5c6lsJ1>\r\n"]);
  assert.deepEqual(fields({}, {}, kept, false), []);
  // The mail came again, and its copy is that of the time before.
  assert.deepEqual(fields({}, {}, { ...kept, copiesId: "AAtEH5c6lsJ1" }), ["X-Quarantine-ID: <AAtEH5c6lsJ1>\r\n"]);
});

test("names of header fields", () => {
  assert.deepEqual(
    [isFieldName("X-A"), isFieldName("X:A"), isFieldName(""), isFieldName(null)],
    [true, false, false, false],
  );
});
