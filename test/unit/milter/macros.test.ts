import assert from "node:assert/strict";
import { test } from "node:test";
import { createMacros } from "../../../src/milter/macros.ts";

const text = (...words: readonly string[]) => words.map((word) => `${word}\0`).join("");

test("a macro is found without its braces, the latest step's value first", () => {
  const macros = createMacros();
  macros.define("C", text("j", "mail.example.com", "{daemon_name}", "smtpd"));
  macros.define("M", text("i", "NOQUEUE", "{auth_type}", "PLAIN"));
  macros.define("N", text("i", "4F1"));
  assert.equal(macros.get("daemon_name"), "smtpd");
  assert.equal(macros.get("auth_type"), "PLAIN");
  assert.equal(macros.get("i"), "4F1");
  assert.equal(macros.get("missing"), undefined);
});

test("the login of one mail is not that of the next", () => {
  const macros = createMacros();
  macros.define("C", text("j", "mail.example.com"));
  macros.define("M", text("{auth_type}", "PLAIN"));
  macros.beginMail();
  assert.equal(macros.get("auth_type"), "PLAIN");
  macros.endMail();
  assert.equal(macros.get("auth_type"), undefined);
  assert.equal(macros.get("j"), "mail.example.com");
  macros.define("E", text("i", "old"));
  macros.beginMail();
  assert.equal(macros.get("i"), undefined);
  macros.clear();
  assert.equal(macros.get("j"), undefined);
});

test("macros have a bound", () => {
  const macros = createMacros();
  macros.define("C", text(...Array.from({ length: 1000 }, (_, i) => [`n${i}`, "x".repeat(5000)]).flat()));
  assert.equal(macros.get("n199")?.length, 1024);
  assert.equal(macros.get("n200"), undefined);
});

test("a value is no name, and what was cut off is read as far as it goes", () => {
  const macros = createMacros();
  macros.define("M", `${text("{mail_addr}", "i", "{auth_type}", "")}${text("i")}4F1`);
  assert.equal(macros.get("i"), "4F1");
  assert.equal(macros.get("auth_type"), "");
  macros.define("M", "i");
  assert.equal(macros.get("i"), undefined);
});
