import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../src/mail/header.ts";
import { createBreakScan, makeSurvive } from "../../../src/mime/survival.ts";

interface Made {
  readonly text: string;
  readonly places: readonly string[];
}

/** The mail (one character per octet) with all that was to be changed. */
function made(mail: string): Made {
  const at = mail.indexOf("\r\n\r\n") + 2;
  const { fields } = splitHeader(Buffer.from(mail.slice(0, at), "latin1"));
  const body = Buffer.from(mail.slice(at + 2), "latin1");
  const { places, fields: changes, body: changed } = makeSurvive(fields, body);
  const header = fields.map(({ raw }, index) => changes.replaced.get(index) ?? Buffer.from(raw).toString("latin1"));
  return {
    text: `${changes.added.join("")}${header.join("")}\r\n${Buffer.from(changed ?? body).toString("latin1")}`,
    places: places.map((place) => `${place.at} ${place.what}${place.left === undefined ? "" : ` left: ${place.left}`}`),
  };
}

const mime = "MIME-Version: 1.0\r\n";
const utf8 = (encoding: string) =>
  `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n`;
const umlaut = "Gr\xc3\xbc\xc3\x9fe from everybody here\r\n";
const quoted = "Gr=C3=BC=C3=9Fe from everybody here\r\n";
const multipart = (type: string, ...parts: readonly string[]) =>
  `Content-Type: ${type}; boundary="b"\r\n\r\npreamble\r\n${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--\r\nepilogue\r\n`;

const cases: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    "8-bit text becomes quoted-printable",
    `${mime}${utf8("8bit")}\r\n${umlaut}`,
    `${mime}${utf8("quoted-printable")}\r\n${quoted}`,
    ["1 8-bit"],
  ],
  [
    "text in another script becomes base64",
    `${mime}${utf8("8bit")}\r\n\xd0\xb6\xd0\xb6\xd0\xb6\r\n`,
    `${mime}${utf8("base64")}\r\n0LbQttC2DQo=\r\n`,
    ["1 8-bit"],
  ],
  [
    "a mail without MIME gets it (RFC 1428)",
    `Subject: x\r\n\r\n${umlaut}`,
    `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: quoted-printable\r\nSubject: x\r\n\r\n${quoted}`,
    ["1 8-bit"],
  ],
  [
    "parts that need nothing stay octet for octet",
    `${mime}${multipart("multipart/mixed", "\r\nplain = ascii", `${utf8("8bit")}\r\n${umlaut}`, "Content-Type: image/png\r\n\r\n\x89PNG\xff\xff\xff")}`,
    `${mime}${multipart("multipart/mixed", "\r\nplain = ascii", `${utf8("quoted-printable")}\r\n${quoted}`, "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBOR////w==")}`,
    ["1.2 8-bit", "1.3 8-bit"],
  ],
  [
    "a multipart that was 8bit is 7bit then, and so is a mail within a mail",
    `${mime}Content-Transfer-Encoding: 8bit\r\n${multipart("multipart/mixed", `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: within\r\n${utf8("8bit")}\r\n${umlaut}`)}`,
    `${mime}Content-Transfer-Encoding: 7bit\r\n${multipart("multipart/mixed", `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: within\r\n${utf8("quoted-printable")}\r\n${quoted}`)}`,
    ["1.1.1 8-bit"],
  ],
  [
    "base64 and quoted-printable in long lines get their lines anew",
    `${mime}${multipart("multipart/mixed", `Content-Transfer-Encoding: base64\r\n\r\n${"AAAA".repeat(300)}`)}`,
    `${mime}${multipart("multipart/mixed", `Content-Transfer-Encoding: base64\r\n\r\n${`${"AAAA".repeat(19)}\r\n`.repeat(15)}${"AAAA".repeat(15)}`)}`,
    ["1.1 long-line"],
  ],
  [
    "a long field of a part is folded as well",
    `${mime}${multipart("multipart/mixed", `X-A: ${"word ".repeat(300)}end\r\n${utf8("8bit")}\r\n\xc3\xa4bcdefghijklmnopq`)}`,
    `${mime}${multipart("multipart/mixed", `X-A: ${"word ".repeat(197)}word\r\n ${"word ".repeat(102)}end\r\n${utf8("quoted-printable")}\r\n=C3=A4bcdefghijklmnopq`)}`,
    ["1.1:x-a long-line", "1.1 8-bit"],
  ],
];

for (const [title, mail, wanted, places] of cases) {
  test(title, () => {
    const { text, places: found } = made(mail);
    assert.deepEqual(found, places);
    assert.equal(text, wanted);
    assert.deepEqual(made(text).places, [], "nothing is left to break");
  });
}

/** Left octet for octet, with the reason. */
const left: readonly (readonly [string, string, readonly string[]])[] = [
  ["S/MIME and PGP/MIME signatures", multipart("multipart/signed", `\r\n${umlaut}`), ["1 8-bit left: signed"]],
  ["PGP/MIME encryption", multipart("multipart/encrypted", `\r\n${umlaut}`), ["1 8-bit left: encrypted"]],
  ["S/MIME encryption", `Content-Type: application/pkcs7-mime\r\n\r\n\xff\xfe\r\n`, ["1 8-bit left: encrypted"]],
  [
    "a text signed by PGP",
    `${utf8("8bit")}\r\n${umlaut}-----BEGIN PGP SIGNED MESSAGE-----\r\n${umlaut}`,
    ["1 8-bit left: pgp"],
  ],
  [
    "a boundary with two readings",
    "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n\xff",
    ["1 8-bit left: ambiguous"],
  ],
  [
    "a multipart without its delimiter",
    "Content-Type: multipart/mixed; boundary=a\r\n\r\n\xff",
    ["1 8-bit left: ambiguous"],
  ],
  ["a status notification", "Content-Type: message/delivery-status\r\n\r\n\xff\r\n", ["1 8-bit left: message"]],
  ["damaged base64", `Content-Transfer-Encoding: base64\r\n\r\n${"!".repeat(1200)}\r\n`, ["1 long-line left: damaged"]],
  ["a preamble", multipart("multipart/mixed", "\r\nx").replace("preamble", "\xff"), ["1 8-bit left: between-parts"]],
];

for (const [what, mail, places] of left) {
  test(`leaves ${what} as they came`, () => {
    assert.deepEqual(made(`${mime}${mail}`), { text: `${mime}${mail}`, places });
  });
}

test("is linear in the mail and bound in its depth", () => {
  let mail = `\r\n${umlaut}`;
  for (let depth = 0; depth < 40; depth += 1)
    mail = multipart(`multipart/mixed`, mail).replaceAll("--b", "--b-").replaceAll('"b"', '"b-"');
  assert.ok(made(`${mime}${mail}`).places.some((place) => place.includes("left")));
});

for (const [what, pieces, wanted] of [
  ["a line of 998 octets", [`${"x".repeat(998)}\r\n`], [false, false]],
  ["a line of 999 octets", [`${"x".repeat(999)}\r\n`], [false, true]],
  ["the same in pieces", ["x".repeat(500), "x".repeat(499), "\r\n"], [false, true]],
  ["998 octets with their CR and LF in pieces", ["x".repeat(500), "x".repeat(498), "\r", "\n", "y"], [false, false]],
  ["a last line without an end", ["a\r\n", "x".repeat(999)], [false, true]],
  ["octets above 127", ["abc", "\xe4"], [true, false]],
] as const) {
  test(`sees ${what}`, () => {
    const scan = createBreakScan();
    for (const piece of pieces) scan.push(Buffer.from(piece, "latin1"));
    assert.deepEqual([scan.eightBit, scan.longLine], wanted);
  });
}
