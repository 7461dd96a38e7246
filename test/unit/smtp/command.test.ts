import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCommand, parsePathArgument, splitBlanks } from "../../../src/smtp/command.ts";

const lines: readonly [string, { verb: string; argument: string } | undefined][] = [
  ["NOOP", { verb: "NOOP", argument: "" }],
  ["noop  \t", { verb: "NOOP", argument: "" }],
  ["Mail From:<a@b>  SIZE=1 ", { verb: "MAIL", argument: "From:<a@b>  SIZE=1" }],
  ["RCPT\tTO:<a>", { verb: "RCPT", argument: "TO:<a>" }],
  ["VRFY \u00e9", { verb: "VRFY", argument: "\u00e9" }],
  ["", undefined],
  ["   ", undefined],
  [" NOOP", undefined],
  ["NOOP1", undefined],
  ["MAIL\0", undefined],
  ["NO\nOP", undefined],
  ["NOOP \r", undefined],
  ["NOOP \x7f", undefined],
  ["\x16\x03\x01", undefined],
  ['RCPT TO:<"a\x01\x1b\x7fb"@c>', { verb: "RCPT", argument: 'TO:<"a\x01\x1b\x7fb"@c>' }],
  ["mail FROM:<a\x01b@c>", { verb: "MAIL", argument: "FROM:<a\x01b@c>" }],
  ['MAIL FROM:<"a\0b"@c>', undefined],
  ['MAIL FROM:<"a\rb"@c>', undefined],
  ['RCPT TO:<"a\nb"@c>', undefined],
  ["EHLO a\x01b", undefined],
  ["MAILX \x01", undefined],
];

for (const [line, command] of lines) {
  test(`${command === undefined ? "refuses" : "takes"} the line ${JSON.stringify(line)}`, () => {
    assert.deepEqual(parseCommand(line), command);
  });
}

const paths: readonly [string, { address: string; parameters: string[] } | undefined][] = [
  ["FROM:<>", { address: "", parameters: [] }],
  ["from: <a@b>", { address: "a@b", parameters: [] }],
  ["FROM : <a@b>  A=1\tB ", { address: "a@b", parameters: ["A=1", "B"] }],
  ['FROM:<"a b"@c>', { address: '"a b"@c', parameters: [] }],
  ['FROM:<"a>b\\"c"@d>', { address: '"a>b\\"c"@d', parameters: [] }],
  ["FROM:<a\\>b@c>", { address: "a\\>b@c", parameters: [] }],
  ["FROM:<@x,@y:a@b>", { address: "@x,@y:a@b", parameters: [] }],
  ["FROM:<\u00fc@b>", { address: "\u00fc@b", parameters: [] }],
  ["FROM:a@b", undefined],
  ["FROM:<a@b", undefined],
  ["FROM:<a b@c>", undefined],
  ["FROM:<a<b@c>", undefined],
  ['FROM:<"a@b>', undefined],
  ["FROM:<a@b>x", undefined],
  ["FROM<a@b>", undefined],
  ["TO:<a@b>", undefined],
  ["", undefined],
];

for (const [argument, path] of paths) {
  test(`${path === undefined ? "refuses" : "takes"} the path in ${JSON.stringify(argument)}`, () => {
    assert.deepEqual(parsePathArgument(argument, "FROM"), path);
  });
}

test("splits at blanks and tabs, however many", () => {
  assert.deepEqual(splitBlanks(" \ta  b\t c "), ["a", "b", "c"]);
  assert.deepEqual(splitBlanks(""), []);
});

test("takes any line without throwing, and an address just as it stood", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("<", ">", '"', "\\", " ", ":", "@", "a", "\0", "=") }), (text) => {
      parseCommand(`MAIL ${text}`);
      const path = parsePathArgument(`FROM:${text}`, "FROM");
      if (path !== undefined) assert.ok(text.includes(`<${path.address}>`));
    }),
  );
});
