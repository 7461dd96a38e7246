// Whatever a reader may save a part under is among its names: the table holds ways to write one that ends in .exe.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addNamesIn, joinSections, maxNamesPerPart } from "../../../src/mime/names.ts";
import { findAttribute } from "../../../src/mime/parameters.ts";

function namesIn(value: string): readonly string[] {
  const names = new Set<string>();
  addNamesIn(value, names);
  return [...names];
}

const wantsExe: readonly string[] = [
  "a; filename=x.exe",
  'a; filename="x.exe"',
  "a; filename=x.exe.",
  'a; filename="x.exe. . "',
  'a; filename="x.exe "',
  'a; filename="x.e\\xe"',
  'a; filename="x.exe',
  "a filename=x.exe",
  "a; filename = x.exe",
  "a; filename=x.exe y",
  "a; filename=a x.exe",
  "a; filename=x(y).exe",
  "a; filename='x.exe'",
  'a; filename="x.txt".exe',
  "a; filename=x.exe, b",
  "a; filename (c) = (d) x.exe",
  'a; filename (c\\)) = (d) "x.exe"',
  'a; filename="x.exe\\""',
  'a; filename="x.exe;"',
  'a; filename="x.e\\"xe"',
  "a; filename=x.txt; filename=x.exe",
  "a; filename=x.exe; filename=x.txt",
  "a; name=x.exe; filename=x.txt",
  'a; other="; filename=x.exe"',
  "a; filename*=utf-8''x%2Eexe",
  "a; filename*=utf-8'en'x.ex%65",
  "a; filename*=x%2Eexe",
  "a; filename *= utf-8''x%2Eexe",
  "a; filename*=''x.exe",
  "a; filename*=nonsense''x%2Eexe",
  "a; filename*=utf-16be''%00x%00.%00e%00x%00e",
  "a; filename*0=x.e; filename*1=xe",
  "a; filename*1=xe; filename*0=x.e",
  "a; filename*0*=utf-8''x%2E; filename*1*=ex%65",
  "a; filename*0*=utf-8''x%2E; filename*1=\"exe\"",
  "a; filename*0=x.; filename*2=exe",
  "a; filename*1=x.; filename*2=exe",
  "a; filename*0=x.; filename*0=y.; filename*1=exe",
  "a; filename*1=x.; filename*0=exe",
  "a; filename==?utf-8?B?eC5leGU=?=",
  'a; filename="=?utf-8?B?eC5leGU=?="',
  'a; filename="=?utf-8?q?x=2Eexe?="',
  'a; filename="=?nonsense?B?eC5leGU=?="',
  'a; filename="=?utf-8*en?B?eC5leGU=?="',
  'a; filename="=?utf-7?Q?x+AC4-exe?="',
  'a; filename="=?unicode-1-1-utf-7?Q?+AHgALgBlAHgAZQ?="',
  'a; filename="=?utf-8?B?eC5l?= =?utf-8?B?eGU=?="',
  'a; filename="x=?utf-8?Q?=2Ee?=xe"',
  'a; filename="=?utf-8?B?eC5leGU="',
  'a; filename="=?utf-8?Q?x.exe?=\n"',
  "=?utf-8?Q?a;_filename=3Dx.exe?=",
  'a; filename="x%2Eexe"',
  'a; filename="x.e\n xe"',
  'a; filename="x.exe\n"',
  'a; filename="x.exe\0.txt"',
  'a; filename="x.e\x01xe"',
  // One way of writing within another.
  "a; filename*=utf-8''%3D%3Futf-8%3FB%3FeC5leGU%3D%3F%3D",
  "a; filename*=utf-8''x%252Eexe",
  'a; filename="=?utf-8?B?eCUyRWV4ZQ==?="',
  'a; filename="=?utf-8?Q?=3D=3Futf-8=3FB=3FeC5leGU=3D=3F=3D?="',
  // Without a mark of its order, by either.
  'a; filename="=?utf-16?B?AHgALgBlAHgAZQ==?="',
  'a; filename="=?utf-16?B?eAAuAGUAeABlAA==?="',
  "a; filename*=utf-16''%00x%00.%00e%00x%00e",
  'a; filename="=?ucs-2?B?AHgALgBlAHgAZQ==?="',
  'a; filename="=?utf-32?B?AAAAeAAAAC4AAABlAAAAeAAAAGU=?="',
  // An asterisk that no number follows.
  "a; filename**=x.exe",
  "a; filename*x=x.exe",
  "a; filename*0**=utf-8''x.exe",
  // Readers that part at each semicolon; a stream of a file of Windows.
  'a; filename="x.exe;y"',
  'a; filename="x.exe; y=z"',
  'a; filename="x.exe:y"',
  'a; filename="x.exe::$DATA"',
  'a; filename="C:\\x.exe:y"',
  // A zero-width space, a mark of direction, wide letters.
  'a; filename="x.\xe2\x80\x8bexe"',
  'a; filename="x.\xe2\x80\xaeexe"',
  'a; filename="x\xef\xbc\x8eexe"',
  // A filler, a line separator, a variation selector.
  'a; filename="x.e\xcd\x8fxe"',
  'a; filename="x.exe\xe2\x80\xa8"',
  'a; filename="x.exe\xef\xb8\x8f"',
  'a; filename="=?UTF7?Q?x+AC4-exe?="',
  // What is dropped or cut off is longer than names are.
  `a; filename="x.exe${" ".repeat(3000)}"`,
  `a; filename="x.exe${".".repeat(3000)}"`,
  `a; filename=x.exe${" ".repeat(3000)}`,
  `a; filename="x.exe:${"y".repeat(3000)}"`,
  `a; filename=x.exe:${"y".repeat(3000)}`,
  `a; filename="x.exe%00${"y".repeat(3000)}"`,
  `a; filename*0=x.exe; ${Array.from({ length: 9 }, (_, i) => `filename*${i + 1}="${" ".repeat(300)}"`).join("; ")}`,
];

for (const value of wantsExe) {
  test(`finds .exe in ${JSON.stringify(value)}`, () => {
    const names = namesIn(value);
    assert.ok(
      names.some((name) => name.endsWith(".exe")),
      JSON.stringify(names),
    );
  });
}

test("what most readers show stands first", () => {
  assert.equal(namesIn('a; filename="=?utf-8?Q?gr=C3=BC=C3=9Fe.txt?="')[0], "grüße.txt");
  assert.equal(namesIn("a; filename*=utf-8''gr%C3%BC%C3%9Fe.txt")[0], "grüße.txt");
  assert.equal(namesIn("a; filename*0*=iso-8859-1''gr%FC; filename*1=sse.txt")[0], "grüsse.txt");
});

test("octets that are no UTF-8 are Windows-1252", () => {
  assert.deepEqual(namesIn('a; name="gr\xfc\xdfe.txt"'), ["grüße.txt"]);
});

test("a plain name is one name", () => {
  assert.deepEqual(namesIn('attachment; filename="report 2026.pdf"; size=10'), ["report 2026.pdf"]);
  assert.deepEqual(namesIn("text/plain; charset=utf-8"), []);
});

test("the number of names is bound, and their length", () => {
  const many = namesIn(`a; ${Array.from({ length: 500 }, (_, i) => `name=n${i}.txt; filename=f${i}.txt`).join("; ")}`);
  assert.ok(many.length >= maxNamesPerPart && many.length <= maxNamesPerPart + 1);
  const [long = ""] = namesIn(`a; name="${"x".repeat(5000)}.exe"`);
  assert.ok(long.length <= 1024 && long.endsWith(".exe"));
});

test("what is not read is told", () => {
  const told = (value: string) => addNamesIn(value, new Set());
  assert.equal(told("a; name=x; filename=y"), true);
  assert.equal(told(`a; ${"name=a; ".repeat(32)}`), true);
  assert.equal(told(`a; ${"name=a; ".repeat(33)}`), false);
  assert.equal(told(`a; ${`name=${"x".repeat(800)}; `.repeat(7)}`), false);
});

test("of two sections with one number each may be taken", () => {
  const joined = joinSections(findAttribute("a; name*0=a; name*0=b; name*1=c", "name").all);
  const texts = joined.map(({ text }) => text);
  for (const wanted of ["ac", "bc", "abc"]) assert.ok(texts.includes(wanted), wanted);
});
