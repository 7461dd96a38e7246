import assert from "node:assert/strict";
import { test } from "node:test";
import { fillNotice } from "../../../src/notices/notice-template.ts";
import { createTemplates, templateProblems } from "../../../src/notices/templates.ts";
import type { TemplateSource } from "../../../src/settings/values.ts";
import { facts } from "./facts.ts";

const files = new Map([
  ["/good.txt", "Subject: from a file\n\n{{mail_id}}\n"],
  ["/bad.txt", "Subject: x\n\n{{nothing_such}}\n"],
]);
function readFile(name: string): string {
  const text = files.get(name);
  if (text === undefined) throw new Error("No such file or directory");
  return text;
}

test("the administrator's template is used where it is whole, else ours", () => {
  const templates = createTemplates(readFile);
  const subjectBy = (source: TemplateSource) =>
    fillNotice(templates("notify_virus_admin_templ", source), facts).subject;
  const ours = "INFECTED (Eicar-Test-Signature) in mail FROM [192.0.2.3] <joe@there.example>";
  assert.equal(subjectBy(null), ours);
  assert.equal(subjectBy("Subject: my own\n\n"), "my own");
  assert.equal(subjectBy({ file: "/good.txt" }), "from a file");
  for (const source of [{ file: "/bad.txt" }, { file: "/none.txt" }, "Subject: VIRUS (%V)\nTo: %s\n", "no subject"]) {
    assert.equal(subjectBy(source), ours);
  }
  assert.equal(templates("notify_virus_admin_templ", null), templates("notify_virus_admin_templ", null), "read once");
});

test("what is wrong is told with file and line; amavisd's macros are a warning", () => {
  const told = (source: TemplateSource) =>
    templateProblems(source, readFile).map(({ severity, file, line, message }) =>
      [severity, file, line, message.replace(/[;:(].*/, "")].filter((part) => part !== undefined).join(" "),
    );
  assert.deepEqual(told(null), []);
  assert.deepEqual(told({ file: "/good.txt" }), []);
  assert.deepEqual(told({ file: "/bad.txt" }), ['error /bad.txt 3 there is no "nothing_such" here']);
  assert.deepEqual(told({ file: "/none.txt" }), ["error cannot read the template"]);
  assert.deepEqual(told("x"), ['error 1 expected "Subject']);
  assert.deepEqual(told("Subject: %j\n\n[? %q |#|kept]\n"), [
    "warning this is a template in amavisd's macros, which are not read",
  ]);
});
