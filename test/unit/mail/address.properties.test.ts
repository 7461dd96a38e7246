import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddressList, splitAddress } from "../../../src/mail/address.ts";
import { domainOfOctets, toAscii } from "../../../src/mail/domain.ts";

const piece = fc.constantFrom(
  ...'"\\<>()[],;:@. \t=?'.split(""),
  "\r\n ",
  "\r",
  "\n",
  "\0",
  "\x7f",
  "\xff",
  "\xc3\xbc",
  "a",
  "b.example",
  "joe@x.example",
  "<a@b.example>",
  '"q"',
  "(c)",
  "=?utf-8?q?x?=",
);
const soup = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));

test("any field body gives mailboxes that stand in it, or a fault, and never throws", () => {
  fc.assert(
    fc.property(soup, (body) => {
      const { mailboxes, faults } = parseAddressList(body);
      for (const { raw, address, domain } of mailboxes) {
        assert.ok(body.includes(raw));
        // Nothing of an address is invented: its octets stand in the field, in their order.
        let at = 0;
        for (const char of address) {
          at = body.indexOf(char, at) + 1;
          assert.ok(at > 0, "an octet that is not in the field");
        }
        if (domain !== undefined && !domain.startsWith("[")) assert.equal(toAscii(domain), domain);
        if (domain === undefined) assert.ok(faults.includes("domain") || faults.includes("no-domain"));
      }
      if (/[\0\x7f]/.test(body)) assert.ok(faults.includes("control"));
    }),
    { numRuns: 5000 },
  );
});

test("a mailbox without a fault reads the same when it is read again", () => {
  fc.assert(
    fc.property(soup, (body) => {
      const { mailboxes, faults } = parseAddressList(body);
      if (faults.length > 0) return;
      for (const mailbox of mailboxes) {
        const again = parseAddressList(mailbox.raw);
        assert.deepEqual(again.mailboxes, [mailbox]);
        assert.deepEqual(splitAddress(mailbox.address), { localPart: mailbox.localPart, domain: mailbox.domain });
      }
    }),
    { numRuns: 5000 },
  );
});

test("any path has parts, and a domain only in its one form", () => {
  fc.assert(
    fc.property(soup, (path) => {
      const { domain } = splitAddress(path);
      if (domain !== undefined && !domain.startsWith("[")) assert.equal(domainOfOctets(domain), domain);
    }),
    { numRuns: 5000 },
  );
});

test("the one form of a domain is reached in one step, from any text", () => {
  const text = fc.array(
    fc.constantFrom(
      "a",
      "B",
      ".",
      "-",
      "_",
      "xn--",
      "ü",
      "ß",
      "\u3002",
      "\uff0e",
      "１",
      "%41",
      "/",
      "@",
      "\u200d",
      "\u00ad",
      "\ud800",
      "0x",
      "9",
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      text.map((pieces) => pieces.join("")),
      (name) => {
        const ascii = toAscii(name);
        if (ascii === undefined) return;
        assert.match(ascii, /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/);
        assert.equal(toAscii(ascii), ascii);
      },
    ),
    { numRuns: 5000 },
  );
});
