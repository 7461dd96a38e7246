import assert from "node:assert/strict";
import { test } from "node:test";
import { fillNotice, isAmavisdTemplate, readNoticeTemplate } from "../../../src/notices/notice-template.ts";
import { facts } from "./facts.ts";

function faultsOf(source: string): readonly string[] {
  return readNoticeTemplate(source).faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test("a template is Subject, an empty line, text", () => {
  for (const source of [
    "Subject: {{category}} {{sender}}\n\n{{mail_id}}\n",
    "subject:{{category}}  {{sender}}\r\n \r\n{{mail_id}}\n",
  ]) {
    const { template, faults } = readNoticeTemplate(source);
    assert.deepEqual(faults, []);
    assert.deepEqual(fillNotice(template, facts), { subject: "INFECTED joe@there.example", text: "UCtEH5c6lsJ1\n" });
  }
  assert.deepEqual(faultsOf("Subject: x"), []);
});

test("what is wrong is told by the line of the file", () => {
  assert.deepEqual(faultsOf(""), ['1:1 expected "Subject: …" in the first line']);
  assert.deepEqual(
    faultsOf("Subject: {{nme}}\n\nx\n  {{sbject}}\n").map((each) => each.replace(/;.*/, "")),
    ['1:10 there is no "nme" here', '4:3 there is no "sbject" here'],
  );
  assert.deepEqual(faultsOf("Subject: x\nBcc: everybody@x\n\ntext\n"), [
    "2:1 expected an empty line: of the header only Subject is the template's, the rest is written by signpost",
  ]);
});

test("a subject is one line of bounded length, whatever is in it", () => {
  const { template } = readNoticeTemplate("Subject: {{found}} {{subject}}\n\n");
  const long = { ...facts, viruses: ["a\r\nBcc: x", "y".repeat(5000)] };
  const { subject } = fillNotice(template, long);
  assert.match(subject, /^a Bcc: x, y+\.\.\.$/);
  assert.ok(subject.length < 300);
});

test("knows amavisd's own templates when it sees them", () => {
  for (const source of ["Subject: VIRUS (%V)\n", "[? %#V |none|one]\n", "[:wrap|78||  |x]\n"])
    assert.ok(isAmavisdTemplate(source));
  for (const source of ["Subject: 100 % sure\n\n{{found}}", "Subject: x\n\n[1] 5% {{found}} %V"])
    assert.ok(!isAmavisdTemplate(source));
});
