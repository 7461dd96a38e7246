// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Perl writes variables so
// What expressions give: each case was worked out by Perl.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAmavisdConf } from "../../../src/amavis/read-conf.ts";

/** The value that a text gives $mydomain; an error with what was told where something was. */
function mydomain(text: string): unknown {
  const files = { read: () => text, glob: () => [] };
  const { settings, problems } = readAmavisdConf("/x/amavisd.conf", files, { hostname: "h.test", environment: {} });
  const told = problems.filter(({ message }) => !message.startsWith("neither amavisd nor"));
  assert.deepEqual(told, []);
  return settings["mydomain"];
}

const cases: readonly (readonly [title: string, text: string, value: unknown])[] = [
  [
    "keys are counted where one value is asked for",
    "my %h = (a => 1, b => 2); $mydomain = keys(%h) . (keys %h == 2);",
    "21",
  ],
  ["reverse turns a text", "$mydomain = reverse('ab', 'cd');", "dcba"],
  ["split stops at its limit", "$mydomain = join '|', split(/,/, 'a,b,c', 2);", "a|b,c"],
  ["split with a limit keeps what is empty at the end", "$mydomain = join '|', split(/,/, 'a,,', -1), 'x';", "a|||x"],
  ["the value of x++ is what was there before", 'my $i = 5; my $j = $i++; my $k = $i--; $mydomain = "$j$k$i";', "565"],
  ["++ counts up words", "my $s = 'az'; $s++; $mydomain = $s;", "ba"],
  ["names are taken once", "my %s; $mydomain = join ',', grep { !$s{$_}++ } qw(a b a c b);", "a,b,c"],
  ["a mask takes bits away", "$mydomain = sprintf '%o', 0777 & ~022;", "755"],
  ["a match holds whatever its group holds", "$mydomain = 'example' =~ /^(\\d*)/ ? 'yes' : 'no';", "yes"],
  ["a match that is one value is 1", "my $m = 'abc' =~ /(b)/; $mydomain = $m;", 1],
  ["all matches of m//g", "$mydomain = join '|', 'a1b2' =~ /([a-z])(\\d)/g, 'x y' =~ /\\w/g;", "a|1|b|2|x|y"],
  ["what is declared beside a condition stays", "my $d = 'a.test' if 1; $mydomain = $d;", "a.test"],
  ["a declaration within a list that is assigned", "my $x; ($x, my $y) = ('a', 'b'); $mydomain = $x . $y;", "ab"],
  ["braces end the variable in a text", "my $x = 'a'; $mydomain = \"${x}[0]${x}{k}${x}->[0]\";", "a[0]a{k}a->[0]"],
  ["an index that is worked out in a text", 'my @l = (1, 2); my $i = 0; $mydomain = "$l[$i+1]$l[$#l]";', "22"],
  ["a here-document is indented as its end is", "$mydomain = <<~E;\n    a\n      b\n  E\n", "  a\n    b\n"],
  ["not with parentheses takes what they hold", "my @l = (not(1), 'a', 'b'); $mydomain = \"$l[1]$l[2]\";", "ab"],
  ["a # glued to its q is a quote", 'my @l = (q#x# # comment\n=> 1); $mydomain = "$l[0]$l[1]";', "x1"],
  ["a semicolon that shows a block to be one", 'my %h = map {; "x$_" => 1 } 1, 2; $mydomain = $h{x2};', 1],
  ["numbers of sixteen digits", "$mydomain = '' . 1234567890123456;", "1234567890123456"],
  ["ranges with leading zeros", "$mydomain = join ',', '08' .. '11';", "08,09,10,11"],
];
for (const [title, text, value] of cases) test(title, () => assert.deepEqual(mydomain(text), value));

test("a format that is not understood is told", () => {
  assert.throws(() => mydomain("$mydomain = sprintf '%+d', 5;"), /a format of sprintf/);
});

test("networks in a hash of @client_ipaddr_policy are held by any true text", () => {
  const files = { read: () => "@client_ipaddr_policy = ({ '10' => 'OK', '10.1' => '0' } => 'B');", glob: () => [] };
  const { settings } = readAmavisdConf("/x/amavisd.conf", files, { hostname: "h.test", environment: {} });
  assert.deepEqual(settings["client_ipaddr_policy"], [{ networks: { "10": true, "10.1": false }, banks: "B" }]);
});

test("octets that are not UTF-8 are told where they would count", () => {
  assert.throws(() => mydomain("$mydomain = 'caf\ufffd.test';"), /what is not UTF-8 in this text/);
  assert.equal(mydomain("# caf\ufffd\n$mydomain = 'a.test';"), "a.test");
  assert.throws(() => mydomain("@local_domains_maps = (new_RE(qr/\ufffd/));"), /it is not UTF-8/);
});
