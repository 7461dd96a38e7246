// Malformed mail of others (CORPORA/mime-malformed): all of it is answered, and what readers differ over is never clean.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { doubts, partsOf } from "../../support/mail-parts.ts";

const folder = process.env.CORPORA === undefined ? undefined : join(process.env.CORPORA, "mime-malformed");

/** Where readers differ: boundaries that begin like others, come twice, never, behind their end or outside the grammar; two types. */
const differ: Readonly<Record<string, string>> = {
  "haraka-varied-fold-lengths-preserve-data.txt.eml": "ambiguous",
  "mailparser-001.eml": "ambiguous",
  "mailparser-002.eml": "ambiguous",
  "mailparser-003.eml": "ambiguous",
  "mailparser-004.eml": "ambiguous",
  "mailparser-005.eml": "ambiguous",
  "mailparser-006.eml": "ambiguous",
  "mailparser-007.eml": "ambiguous",
  "mailparser-008.eml": "ambiguous",
  "mailparser-013.eml": "ambiguous",
  "mailparser-016.eml": "ambiguous",
  "mailparser-017.eml": "ambiguous",
  "mailparser-019.eml": "ambiguous",
  "mailparser-020.eml": "ambiguous",
  "mailparser-021.eml": "ambiguous",
  "mailparser-022.eml": "ambiguous",
  "rspamd-alternative-empty-related.eml": "ambiguous",
  "rspamd-broken_richtext.eml": "ambiguous",
  "rspamd-btc2.eml": "ambiguous",
  "rspamd-btc3.eml": "ambiguous",
  "rspamd-btc4.eml": "ambiguous",
};
const names: Readonly<Record<string, string>> = {
  "rspamd-bad_ext.dotted_file_name.eml": "bad_ext.dotted_file_name.exe",
  "rspamd-next2last-doublebad.eml": "файл.scr.xz",
  "rspamd-rar-date-bad-ext.eml": "06.12.2017.gz",
};

test("malformed mail is answered however it is cut, and is not clean where readers differ", () => {
  const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith(".eml"));
  for (const file of files) {
    const mail = readFileSync(join(folder ?? "", file));
    const found = partsOf(mail);
    for (const pieceBytes of [1, 7, 100]) assert.deepEqual(partsOf(mail, { pieceBytes }), found, file);
    const reasons = new Set(doubts(found).map((each) => each.split(" ")[0]));
    assert.deepEqual([...reasons], file in differ ? [differ[file]] : [], `${file} ${JSON.stringify(found.unchecked)}`);
    const name = names[file];
    if (name !== undefined)
      assert.ok(
        found.parts.some((part) => part.names.includes(name)),
        file,
      );
  }
});
