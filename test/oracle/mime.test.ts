// Second opinions on names: random mail in which a file called evil.exe hides, split, encoded, doubled, commented, with odd
// boundaries and types around it, or in text by uuencode and the like. Where Python's email, Perl's MIME::Parser (amavisd's), munpack,
// ripmime or uudeview sees it, we see it or say that readers differ.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "../support/limited.ts";
import { base64Lines, lines, partsOf } from "../support/mail-parts.ts";
import { skipWithout } from "../support/peers.ts";
import { createRandom, type Random } from "../support/random.ts";

/** Ways to write the name, as a parameter `filename` or `name`. */
const namings: readonly string[] = [
  'N="evil.exe"',
  "N=evil.exe",
  'N = "evil.exe"',
  'N (c) = (d) "evil.exe"',
  "N=(c)evil.exe",
  "N=evil.exe(c)",
  'N="ev(c)il.exe"',
  "N*=utf-8''evil%2Eexe",
  "N*=''evil.exe",
  "N*=evil.exe",
  "N*0=evil.; N*1=exe",
  "N*1=exe; N*0=evil.",
  "N*0*=utf-8''evil%2E; N*1=exe",
  'N*0="evil"; N*1=".exe"',
  'N="=?utf-8?Q?evil=2Eexe?="',
  "N==?utf-8?B?ZXZpbC5leGU=?=",
  'N="=?utf-8?Q?evil?=\r\n =?utf-8?Q?.exe?="',
  'N="evil.exe."',
  'N="evil.exe "',
  'N="evil.exe\\""',
  'N="evil\\.exe"',
  "N='evil.exe'",
  'N="evil.txt"; N="evil.exe"',
  'N="evil.exe"; N="evil.txt"',
  "N=\"evil.txt\"; N*=utf-8''evil.exe",
  'N="evil\r\n .exe"',
  'N="evil.exe',
  "N=evil .exe",
  'N="dir/evil.exe"',
  'x="; N=evil.exe',
  'x="a;b\\""; N=evil.exe',
  "; ; N=evil.exe",
  "N=;N=evil.exe",
];
const fields: readonly (readonly string[])[] = [
  ["Content-Disposition: attachment; filename"],
  ["Content-Type: application/octet-stream; name"],
  ["Content-Disposition:attachment;filename"],
  ["Content-Disposition: filename"],
  ["Content-Disposition: attachment", "Content-Disposition: attachment; filename"],
  ["Content-Type: ; name"],
  ["Content-Type: text; name"],
  ["Content-Type : text/plain; name"],
  ["Content-Type: text/plain; name=a.txt", "Content-Disposition: attachment; filename"],
  ["Content-Disposition: attachment filename"],
];
const encodings = ["7bit", "base64", "BASE64 ", '"base64"', "base64; x=y", "junk", "quoted-printable"];
const boundaries = [
  'boundary="B"',
  "boundary=B",
  "BOUNDARY = B",
  "x=y; boundary=B",
  "boundary*=utf-8''B",
  'boundary*0="";boundary*1=B',
  'boundary="B "',
  "boundary=(c)B",
  'boundary="C"; boundary="B"',
  "boundary='B'",
  'boundary="B',
  'type="a\\";boundary=C;"; boundary=B',
  "boundary=\r\n B",
  "",
];
const delimiters = ["--B", "--B", "--B", "--B ", "--B--x", "--C", "--Bx", "--b", '--"B"'];
const multiparts = [
  "multipart/mixed",
  "Multipart/Mixed",
  "multipart/x-any",
  "multipart /mixed",
  "multipart",
  "multipart/mixed (c)",
  "text/plain",
];
const messages = ["message/rfc822", "MESSAGE/RFC822", "message/global", "message/x-any", "message /rfc822"];

/** Ways to put the file into text. */
const filesInText: readonly (readonly string[])[] = [
  ["begin 644 evil.exe", "#86)C", "`", "end"],
  ["begin 644 evil.exe", "#86)C", "", "end"],
  ["begin 0644 evil.exe  ", "#86)C"],
  ["begin  755  evil.exe", "#86)C", "end"],
  ["begin 644 evil.exe", "`", "end"],
  ["begin 644 evil.exe", "and more", "#86)C", "`", "end"],
  ["begin-base64 644 evil.exe", "YWJj", "===="],
  ["begin 644 evil.exe", `h${"MK7X".repeat(15)}`, "1MK7X", "+", "end"],
  ["=ybegin line=128 size=3 name=evil.exe", "\x8b\x8c\x8d", "=yend size=3"],
];
const before: readonly (readonly string[])[] = [
  [],
  ["Hello,", ""],
  ["\x01"],
  ["caf\xe9"],
  ["begin with this"],
  ["begin 644 a.txt", "#86)C", "`", "end"],
  ["#86)C"],
];
const textTypes = [
  "text/plain",
  "text/html",
  "text/x-any",
  "application/octet-stream",
  "application/pdf",
  "image/png",
  "",
];

function fileInText({ pick, oneIn }: Random): string {
  const type = pick(textTypes);
  const head = [
    ...(type === "" ? [] : [`Content-Type: ${type}`]),
    ...(oneIn(4) ? ["Content-Disposition: inline"] : []),
  ];
  const text = lines(...pick(before), ...pick(filesInText));
  if (oneIn(4)) return lines(...head, "Content-Transfer-Encoding: base64", "") + base64Lines(text);
  return lines(...head, ...(oneIn(3) ? ["Content-Transfer-Encoding: 8bit"] : []), "") + text;
}

/** A mail kept as a file. */
function encodedMail(random: Random, depth: number): string {
  const type = random.pick(["message/rfc822", "application/octet-stream; name=a.eml", "text/plain; name=a.eml"]);
  const head = lines(`Content-Type: ${type}`, "Content-Transfer-Encoding: base64", "");
  const mail = `${lines("From: x@y.example", "Subject: x")}${entity(random, depth)}${random.oneIn(3) ? "\0\x01" : ""}`;
  return head + base64Lines(mail);
}

function leaf({ pick, oneIn }: Random): string {
  const [last = "", ...before] = pick(fields).toReversed();
  const attribute = last.endsWith("filename") ? "filename" : "name";
  const named = `${last.slice(0, -attribute.length)}${pick(namings).replaceAll("N", attribute)}`;
  const encoding = oneIn(3) ? [`Content-Transfer-Encoding: ${pick(encodings)}`] : [];
  return lines(...before.toReversed(), named, ...encoding, "", "hello");
}

function multipart(random: Random, depth: number): string {
  const { pick, oneIn } = random;
  const type = `Content-Type: ${pick(multiparts)}; ${pick(boundaries)}`;
  const doubled = oneIn(6) ? ["Content-Type: text/plain"] : [];
  const head = oneIn(2) ? [type, ...doubled] : [...doubled, type];
  const closing = oneIn(3) ? [] : ["--B--"];
  return `${lines(...head, "", pick(delimiters), "", "hi", pick(delimiters))}${entity(random, depth)}${lines(...closing)}`;
}

function entity(random: Random, depth: number): string {
  const kind = depth === 0 ? 0 : random.below(5);
  if (kind === 0) return random.oneIn(3) ? fileInText(random) : leaf(random);
  if (kind === 4) return encodedMail(random, depth - 1);
  if (kind === 1)
    return lines(`Content-Type: ${random.pick(messages)}`, "", "From: x@y.example") + entity(random, depth - 1);
  return multipart(random, depth - 1);
}

function mails(count: number): readonly string[] {
  const random = createRandom(41);
  return Array.from({ length: count }, () => {
    const version = random.oneIn(2) ? ["MIME-Version: 1.0"] : [];
    const mail = lines("From: a@b.example", ...version) + entity(random, random.below(4));
    // Some have no such file: nobody shall see one in them, or all of this would show nothing.
    return random.oneIn(50) ? mail.replaceAll("exe", "txt").replaceAll("ZXZpbC5leGU=", "ZXZpbC50eHQ=") : mail;
  });
}

/** Mails that we call clean and without such a name. */
const unsuspected = [...new Set(mails(20_000))].filter((mail) => {
  const { parts, unchecked } = partsOf(mail);
  return unchecked.length === 0 && !parts.some(({ names }) => names.some((name) => /\.exe$/i.test(name)));
});

const python = "/usr/bin/python3";
const readers = [
  {
    name: "Python's email",
    missing: ["python3", python, "-c", "import email"],
    command: [python, join(import.meta.dirname, "mime_readers.py")],
  },
  {
    name: "MIME::Parser",
    missing: ["libmime-tools-perl", "perl", "-MMIME::Parser", "-e1"],
    command: ["perl", join(import.meta.dirname, "mime_readers.pl")],
  },
  ...[
    ["munpack", "mpack"],
    ["ripmime", "ripmime"],
    ["uudeview", "uudeview"],
  ].map(([program = "", debianPackage = ""]) => ({
    name: program,
    missing: [debianPackage, "which", program],
    command: [python, join(import.meta.dirname, "mime_unpackers.py"), program],
  })),
];

for (const { name, missing, command } of readers) {
  const [debianPackage, ...trial] = missing;
  const isThere = spawnSync(trial[0] ?? "", trial.slice(1), { stdio: "ignore" }).status === 0;
  const skip = skipWithout(isThere ? undefined : `${name} is not installed (apt-get install ${debianPackage})`);
  test(`where ${name} sees a banned name we do, or say that readers differ`, { skip }, (t) => {
    const input = unsuspected.map((mail) => Buffer.from(mail, "latin1").toString("base64")).join("\n");
    const { stdout } = spawnSync(command[0] ?? "", command.slice(1), { input, encoding: "latin1" });
    const answers = stdout.trim().split("\n");
    assert.equal(answers.length, unsuspected.length);
    t.diagnostic(`${unsuspected.length} mails`);
    assert.deepEqual(
      unsuspected.filter((_mail, index) => answers[index] === "exe"),
      [],
    );
  });
}

test("mail as mail programs write it is clean", () => {
  const ordinary = [
    lines("From: a@b.example", "Content-Type: text/plain; charset=utf-8; format=flowed", "", "hello"),
    lines("From: a@b.example", "", "begin with this", "--", "Ann (from the office)"),
    lines("From: a@b.example", 'Content-Disposition: attachment; filename="report (final) v1.2.pdf"', "", "x"),
    lines("From: a@b.example", 'Content-Type: text/plain; name="what?.txt"', "", "a = b", "=3D"),
    lines(
      "From: a@b.example",
      "Content-Type: message/delivery-status",
      "",
      "Reporting-MTA: dns; x",
      "",
      "Action: failed",
    ),
    lines("From: a@b.example", "Content-Type: multipart/mixed; boundary=B", "", "--B", "", "hi", "--B--", "bye"),
  ];
  for (const mail of ordinary) assert.deepEqual(partsOf(mail).unchecked, [], mail);
});
