// The cause of a refusal by its reply: what the metric counts and `explain` tells of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalCause } from "../../../src/smtp/refusal.ts";

const cases: readonly (readonly [string, string, string])[] = [
  ["552 5.3.4", "MAIL", "size"],
  ["452 4.3.1", "MAIL", "storage"],
  ["452 4.5.3", "RCPT", "recipients"],
  ["451 4.3.2", "MAIL", "busy"],
  ["421 4.3.2", "MAIL", "busy"],
  ["501 5.5.2", "MAIL", "envelope"],
  ["553 5.1.3", "RCPT", "envelope"],
  ["555 5.5.4", "RCPT", "envelope"],
  ["500 5.5.2", "", "syntax"],
  ["503 5.5.1", "DATA", "syntax"],
  ["421 4.7.0", "GET", "syntax"],
  ["535 5.7.8", "AUTH", "login"],
  ["451 4.7.0", "MAIL", "login"],
];

for (const [reply, verb, cause] of cases) {
  test(`${reply} to ${verb === "" ? "no command" : verb}: ${cause}`, () => {
    const [code, enhanced = ""] = reply.split(" ");
    assert.equal(refusalCause({ code: Number(code), enhanced, text: "" }, verb), cause);
  });
}
