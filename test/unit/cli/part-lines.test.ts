import assert from "node:assert/strict";
import { test } from "node:test";
import { partLines } from "../../../src/cli/part-lines.ts";
import { lines, partsOf } from "../../support/mail-parts.ts";

test("each part stands as deep as its path, with names that a terminal can take", () => {
  const found = partsOf(
    lines(
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "--b",
      "",
      "hi",
      "--b",
      "Content-Type: a/b; name*=utf-8''x%1B%E2%82%AC",
      "",
      "-----BEGIN PGP MESSAGE-----",
      "--b--",
    ),
  );
  assert.deepEqual(partLines(found), [
    "parts:",
    "  1 multipart/mixed 101 octets",
    "    1.1 text/plain .asc 2 octets",
    '    1.2 a/b .pgp .pgp.enc "x\\u001b€" "x€" "utf-8\'\'x%1B%E2%82%AC" "utf-8\'\'x\\u001b€" "utf-8\'\'x€" 27 octets, encrypted',
    "unchecked:",
    "  encrypted at 1.2: encrypted by PGP",
    "    A part is encrypted or has a password: what it holds cannot be read.",
    "    Next: Let final_unchecked_destiny decide, or ask for it without a password.",
  ]);
});

test("a mail that was looked through has no reasons", () => {
  assert.deepEqual(partLines(partsOf(lines("From: a", "", "hi"))), ["parts:", "  1 text/plain .asc 4 octets"]);
});
