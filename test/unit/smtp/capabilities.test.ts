import assert from "node:assert/strict";
import { test } from "node:test";
import { noCapabilities, parseCapabilities } from "../../../src/smtp/capabilities.ts";

test("reads what a stock Postfix offers", () => {
  const lines = [
    "mail.example.com",
    "PIPELINING",
    "SIZE 10240000",
    "8BITMIME",
    "DSN",
    "SMTPUTF8",
    "XFORWARD NAME ADDR",
  ];
  assert.deepEqual(parseCapabilities(lines), {
    pipelining: true,
    eightBitMime: true,
    smtpUtf8: true,
    dsn: true,
    xforward: new Set(["NAME", "ADDR"]),
  });
});

test("does not care for case and trailing blanks", () => {
  assert.equal(parseCapabilities(["me", "pipelining "]).pipelining, true);
});

test("takes a greeting for no keyword", () => {
  assert.deepEqual(parseCapabilities(["PIPELINING"]), noCapabilities);
});
