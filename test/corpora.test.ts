// Whether the collections of others are here: tests on them run only then (test/support/corpora.ts).
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findCorpora } from "./corpora-run/corpora.ts";

const folder = findCorpora();
const named = process.env["CORPORA"];

/** Folders and files of the collections that tests name. */
const asked = ["amavisd-cli", "amavisd-conf", "keysfile/dkim-filter", "keysfile/opendkim", "mime-malformed"];
const more = ["smtp-smuggling/cases.json", "spoofing"];

test("the collections of others are here, with what tests ask of them", {
  skip: folder === undefined && named === undefined ? "no ../shared/corpora, and CORPORA is not set" : false,
}, () => {
  assert.ok(folder !== undefined, `CORPORA=${named} is no folder of collections`);
  assert.deepEqual(
    [...asked, ...more].filter((name) => !existsSync(join(folder, name))),
    [],
  );
});
