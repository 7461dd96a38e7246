import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fillTemplate, maxTemplateChars, readTemplate, type TemplateNames } from "../../../src/notices/template.ts";

const names: TemplateNames = { name: "text", empty: "text", list: "list", none: "list", people: ["address", "reply"] };
const values = {
  name: "Ann {{empty}} {{#list}}",
  empty: "",
  list: ["one", "two"],
  none: [],
  people: [
    { address: "a@x", reply: "250 ok" },
    { address: "b@x", reply: "" },
  ],
};

const filled: readonly (readonly [string, string])[] = [
  ["", ""],
  ["plain } text {", "plain } text {"],
  ["{{name}}{{ name }}", "Ann {{empty}} {{#list}}Ann {{empty}} {{#list}}"],
  ["<{{empty}}>", "<>"],
  ["{{#name}}yes{{/name}}{{^name}}no{{/name}}", "yes"],
  ["{{#empty}}yes{{/empty}}{{^empty}}no{{/empty}}", "no"],
  ["{{#list}}[{{.}}]{{/list}}", "[one][two]"],
  ["{{#none}}[{{.}}]{{/none}}{{^none}}nothing{{/none}}", "nothing"],
  ["{{#list}}x{{/list}}{{^list}}nothing{{/list}}", "xx"],
  ["{{#people}}{{address}}{{#reply}}: {{reply}}{{/reply}};{{/people}}", "a@x: 250 ok;b@x;"],
  ["a\n{{#name}}\nb\n{{/name}}\nc\n", "a\nb\nc\n"],
  ["a\r\n  {{#empty}}  \r\nb\r\n{{/empty}}\r\nc\r\n", "a\r\nc\r\n"],
  ["a {{#name}}\nb\n{{/name}}c\n", "a \nb\nc\n"],
  ["{{! a remark }}a\n{{! {of its own}\n }}\nb", "a\nb"],
];

for (const [text, wanted] of filled) {
  test(`fills ${JSON.stringify(text)}`, () => {
    const { template, faults } = readTemplate(text, names);
    assert.deepEqual(faults, []);
    assert.equal(fillTemplate(template, values), wanted);
  });
}

const faulty: readonly (readonly [string, string])[] = [
  ["{{nme}}", '1:1 there is no "nme" here; there are name, empty, list, none, people'],
  ["a\n b {{__proto__}}", '2:4 expected a name between {{ and }}, found "__proto__"'],
  ["{{constructor}}", '1:1 there is no "constructor" here; there are name, empty, list, none, people'],
  ["x\n{{name", "2:1 {{ without }}"],
  ["{{}}", '1:1 expected a name between {{ and }}, found ""'],
  ["{{{name}}}", '1:1 expected a name between {{ and }}, found "{name"'],
  ["{{> file}}", '1:1 expected a name between {{ and }}, found "> file"'],
  ["{{name | upper}}", '1:1 expected a name between {{ and }}, found "name | upper"'],
  ["{{list}}", '1:1 "list" is a list: {{#list}} … {{/list}}'],
  ["{{.}}", '1:1 there is no "." here; there are name, empty, list, none, people'],
  ["{{address}}", '1:1 there is no "address" here; there are name, empty, list, none, people'],
  ["{{^people}}{{address}}{{/people}}", '1:12 there is no "address" here; there are name, empty, list, none, people'],
  ["{{#people}}{{#list}}{{.}}{{/list}}{{/people}}", '1:12 "list" is a list within a list'],
  ["\n{{#name}}", "2:1 {{#name}} is never closed"],
  ["{{/name}}", "1:1 {{/name}} closes nothing"],
  ["{{#name}}{{/list}}", "1:10 {{/list}} where {{/name}} should stand"],
  ["{{#name}}".repeat(9) + "{{/name}}".repeat(9), "1:73 sections within sections, more than 8 deep"],
  ["x".repeat(maxTemplateChars + 1), `1:1 a template has at most 65536 characters, this one has 65537`],
];

for (const [text, wanted] of faulty) {
  test(`says what is wrong with ${JSON.stringify(text.slice(0, 40))}`, () => {
    const { faults } = readTemplate(text, names);
    assert.deepEqual(
      faults.map(({ line, column, message }) => `${line}:${column} ${message}`),
      [wanted],
    );
  });
}

test("what a mail brings is never read as a template", () => {
  const { template } = readTemplate("{{name}} {{#list}}{{.}}{{/list}}", names);
  const evil = { ...values, name: "{{#people}}{{address}}{{/people}}", list: ["{{name}}"] };
  assert.equal(fillTemplate(template, evil), "{{#people}}{{address}}{{/people}} {{name}}");
});

test("no more is written than the limit, in whole lines", () => {
  const { template } = readTemplate("{{#list}}{{.}}\n{{/list}}", names);
  const list = Array.from({ length: 10_000 }, () => "x".repeat(99));
  const text = fillTemplate(template, { ...values, list }, 1000);
  assert.equal(text, `${`${"x".repeat(99)}\n`.repeat(9)}${"x".repeat(99)}\n...\n`);
});

test("takes any text without throwing", () => {
  const unit = fc.constantFrom("{{", "}}", "{", "}", "#", "/", "^", "!", "name", "list", ".", " ", "\n", "%");
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const { template, faults } = readTemplate(text, names);
      assert.ok(faults.every(({ line, column }) => line > 0 && column > 0));
      fillTemplate(template, values);
    }),
  );
});
