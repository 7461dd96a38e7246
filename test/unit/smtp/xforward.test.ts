import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ClientFacts } from "../../../src/mail/transaction.ts";
import { applyXforward } from "../../../src/smtp/xforward.ts";
import { xforwardCommands } from "../../../src/smtp/xforward-command.ts";
import { decodeXtext } from "../../../src/smtp/xtext.ts";

const cases: readonly [ClientFacts, string, ClientFacts | undefined][] = [
  [{}, "ADDR=192.0.2.1", { address: "192.0.2.1" }],
  [{}, "addr=ipv6:2001:DB8::1 Name=x", { address: "2001:DB8::1", name: "x" }],
  [{ name: "x" }, "ADDR=192.0.2.1 PORT=25", { name: "x", address: "192.0.2.1", port: "25" }],
  [{ name: "x", helo: "y" }, "NAME=[UNAVAILABLE] HELO=[unavailable]", {}],
  [{ name: "x" }, "NAME=", {}],
  [{}, "SOURCE=local", { source: "LOCAL" }],
  [{}, "LOGIN=me IDENT=A+2BB", { ident: "A+B" }],
  [{}, "HELO=a+20b", { helo: "a b" }],
  [{}, "NAME=a NAME=b", { name: "b" }],
  [{}, "", undefined],
  [{}, "NAME", undefined],
  [{}, "=x", undefined],
  [{}, "FOO=x", undefined],
  [{}, "constructor=x", undefined],
  [{}, "NAME=a+0D+0Ab", undefined],
  [{}, "NAME=a+00", undefined],
  // No UTF-8, a control, a control of UTF-8.
  [{}, "NAME=\u00fc", undefined],
  [{}, "HELO=h+E9", undefined],
  [{}, "HELO=b+C3+BC+0D+0A", undefined],
  [{}, "HELO=b+C3+BC+C2+85", undefined],
  [{}, "HELO=b+C3+BC+E2+80+8B", undefined],
  // UTF-8 is left out alone, and takes away what was known.
  [{}, "ADDR=192.0.2.1 HELO=b+C3+BCcher.example PROTO=ESMTP", { address: "192.0.2.1", protocol: "ESMTP" }],
  [{ helo: "x", name: "y" }, "HELO=b\u00c3\u00bccher NAME=\u00c3\u00bc IDENT=\u00c3\u00bc", {}],
  [{}, "ADDR=1+C3+BC", undefined],
  [{}, "PORT=+C3+BC", undefined],
  [{}, "ADDR=1.2.3", undefined],
  [{}, "ADDR=192.0.2.1 PORT=x", undefined],
  [{}, "SOURCE=elsewhere", undefined],
];

for (const [known, argument, wanted] of cases) {
  test(`knows ${JSON.stringify(wanted)} after "${argument}" on top of ${JSON.stringify(known)}`, () => {
    const before = structuredClone(known);
    assert.deepEqual(applyXforward(known, argument), wanted);
    assert.deepEqual(known, before);
  });
}

test("reads back what our own relay sends of a client", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "B", "1", ".", "-", "+", "="), minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(word, word, word, fc.ipV6(), (name, helo, ident, address) => {
      const client: ClientFacts = { address, port: "25", name, helo, ident, protocol: "ESMTP", source: "REMOTE" };
      const offered = new Set(["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"]);
      let known: ClientFacts | undefined = {};
      for (const command of xforwardCommands(client, offered)) {
        known = applyXforward(known ?? {}, command.slice("XFORWARD ".length));
      }
      assert.deepEqual(known, client);
    }),
  );
});

test("decodes xtext, and leaves a plus without two hex digits as it is", () => {
  assert.equal(decodeXtext("a+2Bb+3d+"), "a+b=+");
  assert.equal(decodeXtext("+4"), "+4");
});
