import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultTemplates } from "../../../src/notices/default-templates.ts";
import { fillNotice, readNoticeTemplate } from "../../../src/notices/notice-template.ts";
import { facts } from "./facts.ts";

for (const [name, source] of Object.entries(defaultTemplates)) {
  test(`${name} has no fault, and says what the mail was`, () => {
    const { template, faults } = readNoticeTemplate(source);
    assert.deepEqual(faults, []);
    const { subject, text } = fillNotice(template, facts);
    assert.match(subject, /^\S.*\S$/);
    assert.match(text, /4711-01\/UCtEH5c6lsJ1/);
    assert.doesNotMatch(`${subject}${text}`, /[{}]|undefined/);
    assert.doesNotMatch(text, /\n{3,}/, "one empty line at most");
  });
}

test("an administrator reads who, what, where it is and what became of it", () => {
  const { subject, text } = fillNotice(readNoticeTemplate(defaultTemplates.notify_virus_admin_templ).template, facts);
  assert.equal(subject, "INFECTED (Eicar-Test-Signature) in mail FROM [192.0.2.3] <joe@there.example>");
  assert.equal(
    text,
    `Virus: Eicar-Test-Signature

Our reference: 4711-01/UCtEH5c6lsJ1
Client: [192.0.2.3] mta.there.example
Return-Path: <joe@there.example>
From: Jörg <joe@there.example>
Message-ID: <1@there.example>
Subject: hello

Kept as: U/virus-UCtEH5c6lsJ1
Not delivered to: <ann@here.example>
    250 2.7.0 Ok, discarded
`,
  );
});
