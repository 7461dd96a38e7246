// Mail as it comes in the wild, made from a seed: everything that a canonicalization, a header parser or an SMTP client
// can trip over, and still a message that RFC 5322 (with its obsolete syntax) and Postfix let pass.
import type { Random } from "./random.ts";

export interface GeneratedMail {
  /** CRLF line ends, dots not stuffed. */
  readonly octets: Buffer;
  /** What is special about it, for a failure's message. */
  readonly shape: string;
  /** A field name with white space before its colon. */
  readonly obsoleteColon: boolean;
}

const words = [
  "alpha",
  "beta",
  "gamma delta",
  "=?utf-8?Q?gr=C3=BC=C3=9Fe?=",
  "\xe4\xf6\xfc",
  "gr\xc3\xbc\xc3\x9fe",
  "a;b=c",
  "x:y",
  "",
];

/** Ways to write one field; `value` has no line end. */
const layouts: readonly ((name: string, value: string) => string)[] = [
  (name, value) => `${name}: ${value}`,
  (name, value) => `${name}:${value}`,
  (name, value) => `${name}:\t${value}`,
  (name, value) => `${name}:  ${value}  `,
  (name, value) => `${name}:\r\n ${value}`,
  (name, value) => `${name}: ${value}\t \r\n\t tail`,
  (name, value) => `${name}: ${value.replaceAll(" ", "\r\n\t ")}`,
  (name, value) => `${name.toUpperCase()}: ${value}`,
  (name, value) => `${name.toLowerCase()}: ${value}   spaced    out`,
];

const extraFields: readonly ((random: Random) => string)[] = [
  () => "X-Empty:",
  () => "X-Empty: ",
  () => "X-Empty:\r\n ",
  () => "Subject:",
  (random) => `X-Long: ${"0123456789 ".repeat(20 + random.below(180))}`,
  (random) =>
    `References: ${Array.from({ length: 30 }, (_, index) => `<${index}.${random.below(1e6)}@ref.example>`).join("\r\n\t")}`,
  () => "X-Same: one\r\nX-Same: two\r\nx-same:  three",
  () => "Comments: first\r\nComments: second",
  () =>
    "Received: from a.example (a.example [192.0.2.7])\r\n\tby b.example; Fri, 6 Nov 2026 09:00:00 +0000\r\nReceived: by c.example",
  () => "Cc: undisclosed-recipients:;",
  () => 'Reply-To: "Doe, John" (a comment) <john@reply.example>',
  () => "Sender: list-owner@example.com",
  () => "List-Id: <list.example.com>\r\nList-Unsubscribe: <mailto:off@example.com>",
  () =>
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=unknown.example; s=gone;\r\n\th=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA",
  // RFC 5322 section 4.5: white space before the colon (a tab there makes libopendkim sign what nobody accepts).
  () => "Keywords : obsolete",
  () => "X-Odd-!#$%&'*+: odd name",
  () => "X-Eight: \xff\xfe\x80\xa0",
  () => "Authentication-Results: elsewhere.example; spf=pass",
];

const bodyLines: readonly ((random: Random) => string)[] = [
  () => "",
  () => "",
  () => " ",
  () => "\t \t",
  () => ".",
  () => "..",
  () => ".leading dot",
  () => "trailing spaces   ",
  () => "trailing tab\t",
  () => "  several   spaces \t and tabs",
  () => "gr\xc3\xbc\xc3\x9fe, \xe4 and \xff",
  () => "From the top",
  () => "-- ",
  (random) => "x".repeat(900 + random.below(3000)),
  (random) => `word ${random.below(1e9)} and another`,
  (random) => `word ${random.below(1e9)} and another`,
];

const bodies: Readonly<Record<string, (random: Random) => string>> = {
  lines: (random) => lines(random, 1 + random.below(30)),
  "lines ": (random) => lines(random, 1 + random.below(30)),
  "one line": () => "Hello there.\r\n",
  "no body": () => "",
  "one empty line": () => "\r\n",
  "only empty lines": (random) => "\r\n".repeat(1 + random.below(8)),
  "only white space": () => " \r\n\t\r\n  \r\n",
  "empty lines at the end": (random) => `text\r\n${"\r\n".repeat(1 + random.below(5))}`,
  "a dot first": () => ".\r\nand text\r\n",
  "dots last": () => "text\r\n.\r\n..\r\n",
  NUL: () => "before\0after\r\n\0\r\n",
  "one long line": (random) => `${"long ".repeat(2000 + random.below(10_000))}\r\n`,
  "over one block": (random) => lines(random, 200).repeat(1 + random.below(6)),
};

/** @param author address in From; its domain decides on the keys */
export function generateMail(random: Random, id: number, author: string): GeneratedMail {
  const name = random.pick([
    "Alice",
    '"A. Liddell, Esq."',
    "=?utf-8?B?w4RsaWNl?=",
    "Alice (in (nested) wonderland)",
    "\xc4lice",
  ]);
  const field = (fieldName: string, value: string): string => random.pick(layouts)(fieldName, value);
  // Addresses hold still: a tail after `>` would be another address.
  const from = random.pick([
    `From: ${name} <${author}>`,
    `FROM:${author}`,
    `from:\r\n\t${name}\r\n <${author}>`,
    `From: ${name}  \t <${author}> `,
  ]);
  const fields = [
    from,
    random.pick(["To: bob@elsewhere.example", "To: Bob <bob@elsewhere.example>,\r\n Carol <carol@elsewhere.example>"]),
    field("Subject", `${id} ${random.pick(words)}`),
    "Date: Fri, 06 Nov 2026 10:00:00 +0000",
    `Message-ID: <${id}.generated@example.com>`,
  ];
  for (let count = random.below(6); count > 0; count -= 1) fields.push(random.pick(extraFields)(random));
  for (let count = random.below(3); count > 0; count -= 1) fields.push(field(`X-Test-${count}`, random.pick(words)));
  const order = fields.map((text) => ({ text, key: random.next() })).sort((a, b) => a.key - b.key);
  const header = order.map(({ text }) => `${text}\r\n`);
  const shape = random.pick([...Object.keys(bodies), "MIME", "only header"]);
  if (shape === "MIME") header.push(...mimeFields);
  const text = header.join("");
  const obsoleteColon = /^\S+\s+:/m.test(text.replaceAll(/\r\n\s/g, " "));
  if (shape === "only header") return { octets: Buffer.from(text, "latin1"), shape, obsoleteColon };
  const body = shape === "MIME" ? mimeBody(random) : (bodies[shape]?.(random) ?? "");
  return { octets: Buffer.from(`${text}\r\n${body}`, "latin1"), shape, obsoleteColon };
}

function lines(random: Random, count: number): string {
  return Array.from({ length: count }, () => `${random.pick(bodyLines)(random)}\r\n`).join("");
}

const mimeFields = ["MIME-Version: 1.0\r\n", 'Content-Type: multipart/mixed;\r\n\tboundary="=_b.1"\r\n'];

function mimeBody(random: Random): string {
  return (
    "This is a multi-part message.\r\n\r\n--=_b.1\r\nContent-Type: text/plain; charset=utf-8\r\n" +
    `Content-Transfer-Encoding: 8bit\r\n\r\n${lines(random, 10)}--=_b.1\r\nContent-Type: application/octet-stream\r\n` +
    `Content-Transfer-Encoding: base64\r\n\r\n${Buffer.alloc(500, random.below(256)).toString("base64")}\r\n--=_b.1--\r\n`
  );
}
