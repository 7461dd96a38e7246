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
    "CHUNKING",
  ];
  assert.deepEqual(parseCapabilities(lines), {
    pipelining: true,
    eightBitMime: true,
    smtpUtf8: true,
    dsn: true,
    chunking: true,
    startTls: false,
    auth: new Set(),
    xforward: new Set(["NAME", "ADDR"]),
  });
});

test("does not care for case and trailing blanks", () => {
  assert.equal(parseCapabilities(["me", "pipelining "]).pipelining, true);
});

test("overlooks what it is told to", () => {
  const { chunking, dsn } = parseCapabilities(["me", "Chunking", "DSN"], new Set(["CHUNKING"]));
  assert.deepEqual({ chunking, dsn }, { chunking: false, dsn: true });
});

test("takes a greeting for no keyword", () => {
  assert.deepEqual(parseCapabilities(["PIPELINING"]), noCapabilities);
});
