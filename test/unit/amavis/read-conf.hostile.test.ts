// Configurations made to hang or crash their reader end with an error and little work.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readAmavisdConf } from "../../../src/amavis/read-conf.ts";
import { maxConfSize } from "../../../src/amavis/reading.ts";
import type { ConfigSource } from "../../../src/config/source.ts";

function read(text: string): ConfigSource {
  return readAmavisdConf("/x/amavisd.conf", { read: () => text, glob: () => [] }, { environment: {}, hostname: "h" });
}

const fill = (part: string, size = maxConfSize - 200) => part.repeat(Math.floor(size / part.length));

/** Text, and what its first error says. */
const hostile: Readonly<Record<string, readonly [text: string, error: RegExp]>> = {
  "ten megabytes": [fill("$x = 1;\n", 10 << 20), /larger than/],
  "open brackets": [`$a = ${fill("[")}`, /nested too deeply/],
  "open parentheses": [fill("("), /nested too deeply/],
  "nested hashes": [`$a = ${fill("{a=>")}`, /nested too deeply/],
  "nested blocks": [fill("{"), /nested too deeply/],
  "nested ifs": [fill("if(1){"), /nested too deeply/],
  "an unclosed quote": [`$a = "${fill("x")}`, /never closed/],
  "an unclosed list of words": [`@a = qw(${fill("a ")}`, /never closed/],
  "an unclosed here-document": [fill("<<A;\n"), /never closed/],
  "an unclosed sub": [fill("sub x {"), /never closed/],
  "unary operators": [`$a = ${fill("!")}1;`, /nested too deeply/],
  backslashes: [`$a = ${fill("\\")}$b;`, /nested too deeply/],
  dereferences: [fill("$"), /nested too deeply/],
  questions: [`$a = ${fill("1?")}1;`, /nested too deeply/],
  assignments: [`${fill("$a=")}1;`, /nested too deeply/],
  declarations: [fill("my "), /nested too deeply/],
  "functions of functions": [`$a = ${fill("lc ")}`, /nested too deeply/],
  "strings in strings": [`$a = "${fill("@{[")}";`, /nested too deeply/],
  "subscripts in subscripts": [fill("$a["), /nested too deeply/],
  "doubling texts": [`$a='xxxxxxxxxx';${fill("$a=$a.$a;", 2000)}`, /text longer than/],
  "repeated texts": ["$a = 'x' x 1e9;", /text longer than/],
  "repeated lists": ["@a = (1) x 1e9;", /elements/],
  "doubling lists": [`@a=(1,2);${fill("@a=(@a,@a);", 2000)}`, /elements/],
  ranges: ["@a = (1..1e9);", /numbers/],
  "far indexes": ["$a[1e8] = 1;", /elements/],
  "loops in loops": ["foreach my $x (1..99999) { foreach my $y (1..99999) { $log_level = 1 } }", /more work/],
  "long texts over and over": ["$x='X' x 4e6; foreach my $y (1..100000) { $log_level = length(lc $x) }", /more work/],
  "long searches over and over": [
    "$x='X' x 4e6; foreach my $y (1..100000) { $log_level = index($x,'z') }",
    /more work/,
  ],
  "matches over and over": ["$x='X' x 9e4; foreach my $y (1..100000) { $log_level = ($x =~ /(a|b)*z$/) }", /more work/],
  "substitutions over and over": ["$x='X' x 9e4; foreach my $y (1..100000) { $x =~ s/X$/Y/ }", /more work/],
  "splits over and over": ["$x='X,' x 4e4; foreach my $y (1..100000) { @a = split /,/, $x }", /more work/],
  "copies over and over": ["@a = 1..100000; foreach my $y (1..100000) { @b = @a }", /more work/],
  "keys over and over": ["%a = map { $_ => 1 } 1..100000; foreach my $y (1..100000) { @b = keys %a }", /more work/],
  "words without end": ["@a = ('a' .. 'zzzzzzzz');", /words/],
  "maps that grow": ["@a = map { @a = (@a, 1..100) } 1..100000;", /elements/],
  circles: ["$policy_bank{'A'} = {}; $policy_bank{'A'}{local_domains_maps} = [\\%policy_bank];", /circle/],
  "branching circles": ["$h{a} = \\%h; $h{b} = \\%h; $h{c} = \\%h; @virus_admin_maps = (\\%h);", /circle/],
  "a reference to itself": ["$virus_admin = \\$virus_admin;", /circle/],
  "repetitions of repetitions": ["$banned_filename_re = new_RE(qr'((a{1,500}){1,500}){1,500}');", /repeat/],
  "costly patterns": [
    `$banned_filename_re = new_RE(${Array.from({ length: 3000 }, (_, index) => `qr'^x{900}${index}$'`).join(",")});`,
    /too costly/,
  ],
  "an endless pattern": [`$banned_filename_re = new_RE(qr'${fill("(a*)*", 8000)}');`, /longer than/],
  "division by zero": ["$log_level = 1 / 0;", /division by zero/],
};

for (const [name, [text, error]] of Object.entries(hostile)) {
  test(`${name}: an error`, () => {
    const first = read(text).problems[0];
    assert.equal(first?.severity, "error");
    assert.match(first?.message ?? "", error);
  });
}

const large: Readonly<Record<string, string>> = {
  statements: fill("$log_level = 1;\n"),
  comments: fill("#\n"),
  documentation: fill("=pod\n"),
  semicolons: fill(";"),
  commas: `@a = (${fill(",")});`,
  additions: `$a = 1${fill("+1", 300_000)};`,
  concatenations: `$log_level = 1${fill(" . 1", 300_000)};`,
  "steps of one access": `$a = $b${fill("->[0]", 500_000)};`,
  "variables in a text": `$a = '';$b = "${fill("$a", 300_000)}";`,
  alternatives: `if(0){}${fill("elsif(0){}", 500_000)}`,
  "unknown names": Array.from({ length: 20_000 }, (_, index) => `$unknown${index} = 1;`).join("\n"),
};
for (const [name, text] of Object.entries(large)) {
  test(`many ${name}: read to the end`, () => {
    assert.deepEqual(
      read(text).problems.filter(({ severity }) => severity === "error"),
      [],
    );
  });
}

test("a circle is told once for each setting that it is part of", () => {
  const { problems } = read("$h{a} = \\%h; $h{b} = \\%h; @virus_admin_maps = (\\%h); @spam_admin_maps = ('a\\@b');");
  assert.deepEqual(
    problems.map(({ message }) => message).filter((message) => message.includes("circle")),
    ["@virus_admin_maps: references nest too deeply, or in a circle"],
  );
});

test("no text makes the reader throw", () => {
  const words = fc.constantFrom(
    ..."$ @ % & \\ ( ) [ ] { } ; , => = . x + - * / < > ? : ! ~ ' \" ` # \n q( qw( qr/ / m' s/ <<A A <<~\"B\" B 1 0x 1_0 .. -> ++ $x @y %z $#x @{ my our local sub if unless else foreach map grep sort new_RE dkim_key policy_bank $policy_bank{'A'} => 1 undef __END__ =pod =cut use strict do eval require delete push lc -e".split(
      " ",
    ),
    " ",
    "\n",
    "$\x7b",
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), (chosen) => {
      const source = read(chosen.join(""));
      for (const { place } of source.problems) assert.ok(place === undefined || (place.line > 0 && place.column > 0));
      JSON.stringify(source.settings);
    }),
    { numRuns: 3000 },
  );
});
