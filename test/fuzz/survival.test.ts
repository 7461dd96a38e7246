// Mail made to survive: whatever it is, nothing is left to change but what was told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../src/mail/header.ts";
import { makeSurvive } from "../../src/mime/survival.ts";
import { generateMail } from "../support/generated-mail.ts";
import { createRandom, type Random } from "../support/random.ts";

interface Taken {
  readonly octets: Buffer;
  readonly mended: readonly string[];
  readonly left: readonly string[];
}

function survive(octets: Buffer): Taken {
  const at = octets.indexOf("\r\n\r\n");
  const end = at === -1 ? octets.length : at + 2;
  const { fields } = splitHeader(octets.subarray(0, end));
  const body = octets.subarray(Math.min(octets.length, end + 2));
  const { places, fields: changes, body: written } = makeSurvive(fields, body);
  const header = fields.map(({ raw }, index) => changes.replaced.get(index) ?? Buffer.from(raw).toString("latin1"));
  const head = Buffer.from(`${changes.added.join("")}${header.join("")}`, "latin1");
  const text = (place: (typeof places)[number]) => `${place.at} ${place.what}`;
  return {
    octets: Buffer.concat([head, Buffer.from("\r\n"), written ?? body]),
    mended: places.filter(({ left }) => left === undefined).map(text),
    left: places.filter(({ left }) => left !== undefined).map(text),
  };
}

/** Pieces that structures are made of, in any order: boundaries, types, encodings, long and 8-bit lines. */
const pieces: readonly string[] = [
  "\r\n",
  "\r\n\r\n",
  "--b\r\n",
  "--b--\r\n",
  "--c\r\n",
  "Content-Type: multipart/mixed; boundary=b\r\n",
  "Content-Type: multipart/alternative; boundary=c\r\n",
  "Content-Type: message/rfc822\r\n",
  "Content-Type: multipart/signed; boundary=b\r\n",
  "Content-Type: text/plain\r\n",
  "Content-Transfer-Encoding: base64\r\n",
  "Content-Transfer-Encoding: quoted-printable\r\n",
  "Content-Transfer-Encoding: 8bit\r\n",
  "\xe4\xf6\xfc = \r\n",
  `${"long ".repeat(300)}\r\n`,
  `${"A".repeat(1200)}\r\n`,
  "plain\r\n",
  ".\r\n",
];

function soup(random: Random): Buffer {
  const text = Array.from({ length: 1 + random.below(40) }, () => random.pick(pieces)).join("");
  return Buffer.from(`From: a@example.com\r\n${text}`, "latin1");
}

for (const [what, make] of [
  ["mail of the wild", (random: Random, id: number) => generateMail(random, id, "a@example.com").octets],
  ["soup of structures", soup],
] as const) {
  test(`${what}: a second look finds only what the first one left`, () => {
    const random = createRandom(998);
    for (let id = 0; id < 1500; id += 1) {
      const mail = make(random, id);
      const once = survive(mail);
      const twice = survive(once.octets);
      assert.deepEqual(twice.mended, [], `mail ${id}:\n${JSON.stringify(mail.toString("latin1")).slice(0, 3000)}`);
      for (const place of twice.left) assert.ok(once.left.includes(place), `${place} of mail ${id}`);
    }
  });
}
