// Archives with octets changed, left out, doubled and cut: whatever comes of them, the worker lives, answers in time, and a change
// that nobody would notice hides nothing: the program in it is found, or the mail is not clean.
import assert from "node:assert/strict";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { defaultPartsLimits } from "../../src/mime/limits.ts";
import { createContentPool } from "../../src/pool/content-pool.ts";
import { workerUrl } from "../../src/process/module-url.ts";
import { cabOf, isoOf, rarOf, tarOf, zipOf } from "../support/archives.ts";
import { after, test } from "../support/limited.ts";
import { messageOctetsOf } from "../support/mail-octets.ts";
import { base64Lines, lines } from "../support/mail-parts.ts";
import { createRandom, type Random } from "../support/random.ts";

const pool = createContentPool({
  worker: workerUrl("content"),
  threads: 2,
  queue: { most: 1000, waitMs: 60_000 },
  deadlineMs: 30_000,
  limits: defaultPartsLimits,
});
after(() => pool.close());

const exe = "MZ\x90\0hello, this is a program";
const zip = zipOf([
  { name: "a.txt", content: "hi" },
  { name: "d/x.exe", content: exe, method: 8 },
]);

const archives: Readonly<Record<string, Buffer>> = {
  zip,
  "zip, stored": zipOf([{ name: "x.exe", content: exe }]),
  "zip in a zip": zipOf([{ name: "a.zip", content: zip }]),
  gzip: gzipSync(Buffer.from(exe, "latin1")),
  "tar in a gzip": gzipSync(tarOf({ "x.exe": exe })),
  zstd: zstdCompressSync(Buffer.from(exe, "latin1")),
  tar: tarOf({ "x.exe": exe, "b.txt": "b" }),
  rar: rarOf({ "x.exe": exe }),
  cab: cabOf("x.exe", exe),
  iso: isoOf("X.EXE", exe),
  // Nobody knows it: no types, no parts.
  brotli: brotliCompressSync(Buffer.from(exe, "latin1")),
};

function changed(octets: Buffer, { below, oneIn }: Random): Buffer {
  const at = oneIn(3) ? below(Math.min(64, octets.length)) : below(octets.length);
  const length = 1 + below(8);
  switch (below(5)) {
    case 0: {
      const copy = Buffer.from(octets);
      copy[at] = below(256);
      return copy;
    }
    case 1:
      return octets.subarray(0, at);
    case 2:
      return Buffer.concat([octets.subarray(0, at), octets.subarray(at + length)]);
    case 3:
      return Buffer.concat([octets.subarray(0, at + length), octets.subarray(at)]);
    default:
      return Buffer.concat([octets, octets.subarray(at)]);
  }
}

const look = (octets: Buffer) => {
  const fields = ["From: a@b.example", "Content-Type: a/b", "Content-Transfer-Encoding: base64", ""];
  return pool.lookInto(messageOctetsOf(lines(...fields) + base64Lines(octets), "memory"));
};

for (const [name, octets] of Object.entries(archives)) {
  test(`${name}: however it is changed, it is answered by a worker that lives`, async () => {
    const random = createRandom(octets.length);
    const answers = await Promise.all(Array.from({ length: 60 }, () => look(changed(octets, random))));
    for (const { parts, unchecked } of answers) {
      assert.ok(parts.length >= 1);
      for (const { detail } of unchecked) assert.doesNotMatch(detail, /^worker: |^not taken apart within/);
    }
    if (name === "brotli") return;
    const { parts } = await look(octets);
    assert.ok(parts.some(({ types }) => types.includes("exe")));
  });
}

/** Formats that have sums of what they hold, or give the name at least. Those without may hold something else after a change. */
const checked: Readonly<Record<string, string>> = {
  zip: "zip",
  "zip in a zip": "zip",
  gzip: "gz",
  "tar in a gzip": "gz",
  tar: "tar",
  rar: "rar",
  cab: "cab",
  iso: "iso",
};

for (const [name, type] of Object.entries(checked)) {
  test(`${name}: what is still taken for one and changed is never clean without its program`, async () => {
    const random = createRandom(7);
    for (let round = 0; round < 150; round += 1) {
      const octets = changed(archives[name] ?? zip, random);
      const { parts, unchecked } = await look(octets);
      const isFound = parts.some(
        ({ types, names }) => types.includes("exe") || names.some((each) => /\.exe$/i.test(each)),
      );
      const isTaken = parts.some(({ types }) => types.includes(type));
      assert.ok(isFound || unchecked.length > 0 || !isTaken, octets.toString("hex").slice(0, 2000));
    }
  });
}
