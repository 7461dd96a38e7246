// Public collections that are hard on whoever takes mail apart: ClamAV's test files, each attached to a mail, and SpamAssassin's
// sample mails. A program is found in whatever is opened; what is not opened is told.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { defaultPartsLimits } from "../../src/mime/limits.ts";
import { createContentPool } from "../../src/pool/content-pool.ts";
import { workerUrl } from "../../src/process/module-url.ts";
import { after, test } from "../support/limited.ts";
import { messageOctetsOf } from "../support/mail-octets.ts";
import { base64Lines, lines } from "../support/mail-parts.ts";
import { skipWithout } from "../support/peers.ts";

const folder = "/usr/share/clamav-testfiles";
const samples = "/usr/share/doc/spamassassin/examples";
const skip = skipWithout(existsSync(folder) ? undefined : `${folder} is not there (apt-get install clamav-testfiles)`);

const pool = createContentPool({
  worker: workerUrl("content"),
  threads: 1,
  queue: { most: 100, waitMs: 60_000 },
  deadlineMs: 10_000,
  limits: defaultPartsLimits,
});
after(() => pool.close());

/** Files in which no program is found, and why the mail is not clean all the same; undefined: documents, which are not opened. */
const others: Readonly<Record<string, string | undefined>> = {
  "clam.arj": "failed",
  "clam.chm": "failed",
  "clam.d64.zip": "failed",
  "clam.exe.binhex": "failed",
  "clam.exe.szdd": "failed",
  "clam.impl.zip": "failed",
  "clam.sis": "failed",
  "clam_cache_emax.tgz": "over-limits",
  "clam.exe.html": undefined,
  "clam.exe.rtf": undefined,
  "clam.ole.doc": undefined,
  "clam.pdf": undefined,
  "clam.ppt": undefined,
};

function mailOf(name: string): string {
  const octets = readFileSync(`${folder}/${name}`);
  if (/mail|mbox/.test(name)) return octets.toString("latin1").replaceAll(/\r?\n/g, "\r\n");
  const fields = [`Content-Type: application/octet-stream; name="${name}"`, "Content-Transfer-Encoding: base64"];
  return lines("From: a@b.example", ...fields, "") + base64Lines(octets);
}

test("in each of ClamAV's test files the program is found, or it is told that nobody looked", { skip }, async () => {
  const names = readdirSync(folder);
  assert.ok(names.length > 40);
  for (const name of names) {
    const { parts, unchecked } = await pool.lookInto(messageOctetsOf(mailOf(name), "memory"));
    const isFound = parts.some(({ types }) => types.includes("exe"));
    assert.equal(isFound, !(name in others), name);
    if (others[name] !== undefined)
      assert.ok(
        unchecked.some(({ reason }) => reason === others[name]),
        name,
      );
  }
});

test("SpamAssassin's sample mails are taken apart, and nothing is wrong with them", {
  // Some Debian images leave the documentation out.
  skip: existsSync(samples) ? false : `${samples} is not there`,
}, async () => {
  const names = readdirSync(samples).filter((name) => name.startsWith("sample-"));
  assert.ok(names.length >= 2);
  for (const name of names) {
    const mail = readFileSync(`${samples}/${name}`, "latin1").replaceAll(/\r?\n/g, "\r\n");
    const { unchecked } = await pool.lookInto(messageOctetsOf(mail, "memory"));
    assert.deepEqual(unchecked, [], name);
  }
});
