import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { skipReasons } from "../../../src/signing/skip-reason.ts";

const root = resolve(import.meta.dirname, "../../..");
const page = readFileSync(resolve(root, "docs/keys.md"), "utf8");

test("docs/keys.md has a heading for each reason not to sign, and for no other", () => {
  const [, part = ""] = page.split("## Why a mail is not signed");
  const [section = ""] = part.split("\n## ");
  const headings = [...section.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
  assert.deepEqual(headings, Object.keys(skipReasons));
});

test("docs/keys.md tells what to do about each finding of testkeys", () => {
  const source = readFileSync(resolve(root, "src/signing/key-check.ts"), "utf8");
  const [, type = ""] = /export type KeyFault =([^;]*);/.exec(source) ?? [];
  const faults = [...type.matchAll(/"([a-z-]+)"/g)].map((match) => match[1] ?? "");
  assert.ok(faults.length > 10);
  assert.deepEqual(
    faults.filter((fault) => !page.includes(`| \`${fault}\``) && !page.includes(`, \`${fault}\``)),
    [],
  );
});
