// What must hold of signing and verifying together, for messages put together at random.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defaultVerifyPolicy, type Verification } from "../../src/dkim/engine.ts";
import { createKeyCache } from "../../src/dkim/key-record.ts";
import { signMessage } from "../../src/dkim/sign.ts";
import { verifyMessage } from "../../src/dkim/verify.ts";
import { keyAnswers, signedAt, signRequests } from "../corpora-run/sign-requests.ts";

const fieldName = fc.constantFrom(
  "Subject",
  "subject ",
  "To",
  "CC",
  "Date",
  "Received",
  "X-Other",
  "Reply-To\t",
  "Message-ID",
  "Content-Type",
  "constructor",
  "__proto__",
);
const fieldValue = fc
  .array(fc.constantFrom("a", "b;", "=", " ", "  ", "\t", "\r\n ", "\r\n\t\t", "\xe9", "\0", "\r", "@x", "b=c"), {
    maxLength: 12,
  })
  .map((pieces) => pieces.join(""));
const field = fc.tuple(fieldName, fieldValue).map(([name, value]) => `${name}:${value}\r\n`);
const headerText = fc
  .tuple(fc.array(field, { maxLength: 8 }), fc.array(field, { maxLength: 8 }))
  .map(([above, below]) => [...above, "From: Joe <joe@example.com>\r\n", ...below].join(""));
const bodyText = fc
  .array(fc.constantFrom("a", " ", "\t", "\r\n", "xyz", "  \r\n", "\r\n\r\n", "\xff"), { maxLength: 30 })
  .map((pieces) => pieces.join(""));

const requests = signRequests();
const keys = keyAnswers();
const cache = createKeyCache();

function signedHeader(header: string, body: string): string {
  return signMessage({ header: octets(header), body: { chunks: [octets(body)] }, requests }).join("") + header;
}

function verify(header: string, body: string): Verification[] {
  const job = {
    header: octets(header),
    body: { chunks: [octets(body)] },
    keys,
    now: signedAt,
    policy: defaultVerifyPolicy,
  };
  return verifyMessage(job, cache);
}

function octets(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

test("what is signed verifies, whatever the message", () => {
  fc.assert(
    fc.property(headerText, bodyText, (header, body) => {
      const results = verify(signedHeader(header, body), body);
      assert.deepEqual(
        results.map(({ result, reason }) => reason ?? result),
        requests.map(() => "pass"),
      );
    }),
    { numRuns: 150 },
  );
});

test("our fields fold below 78 columns and change nothing else of the message", () => {
  fc.assert(
    fc.property(headerText, fc.stringMatching(/^[a-z]{1,40}$/), (header, label) => {
      const domain = `${label}.example.com`;
      const [request, ...more] = signRequests({ domain, identity: `${label}@${domain}` });
      const [signature = ""] = signMessage({
        header: octets(header),
        body: { chunks: [] },
        requests: request === undefined ? more : [request],
      });
      assert.match(signature, /^DKIM-Signature: v=1; a=rsa-sha256;[ -~\t\r\n]*[^\r\n]\r\n$/);
      const words = /[^ ;:\t]{60,}/;
      for (const line of signature.split("\r\n")) {
        if (!words.test(line)) assert.ok(line.replace("\t", " ".repeat(8)).length < 78, line);
      }
    }),
    { numRuns: 100 },
  );
});

test("any changed octet of a signed field or the body is noticed", () => {
  const header =
    "Received: by a\r\nFrom: Joe <joe@example.com>\r\nTo: ann@example.org\r\nSubject: one two\r\nDate: today\r\n";
  const body = "first line\r\nsecond line\r\n";
  const signed = signedHeader(header, body);
  // simple/simple alone: relaxed forgives blanks and the case of names, as it should.
  const place = requests.findIndex(
    (request) => request.headerCanonicalization === "simple" && request.bodyCanonicalization === "simple",
  );
  const start = signed.length - header.length;
  fc.assert(
    fc.property(fc.nat(header.length + body.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const message = octets(signed.slice(start) + body);
      message[at] = (message[at] ?? 0) ^ change;
      const altered = message.toString("latin1");
      const results = verify(signed.slice(0, start) + altered.slice(0, header.length), altered.slice(header.length));
      assert.notEqual(results[place]?.result, "pass");
    }),
    { numRuns: 400 },
  );
});

test("any changed octet of the signature field itself is noticed", () => {
  const header = "From: Joe <joe@example.com>\r\nSubject: one\r\n";
  const [request] = requests;
  if (request === undefined) throw new Error("no request");
  const [signature = ""] = signMessage({ header: octets(header), body: { chunks: [] }, requests: [request] });
  const bare = signature.length - 2;
  fc.assert(
    fc.property(fc.nat(bare - 1), fc.constantFrom(..."aZ0+/= \t;:xé"), (at, char) => {
      fc.pre(signature[at] !== char);
      const altered = `${signature.slice(0, at)}${char}${signature.slice(at + 1)}`;
      const passed = verify(altered + header, "").some(({ result }) => result === "pass");
      // White space in b= is free, and so are the spare bits of the last base64 character.
      if (passed) assert.equal(octetsOfValue(altered), octetsOfValue(signature));
    }),
    { numRuns: 600 },
  );
});

function octetsOfValue(signature: string): string {
  return Buffer.from(/ b=([^;]*)/.exec(signature)?.[1]?.replace(/\s/g, "") ?? "", "base64").toString("hex");
}

test("a second From, Subject, To, Date or Reply-To put on top breaks the signature", () => {
  fc.assert(
    fc.property(
      headerText,
      bodyText,
      fc.constantFrom("From", "Subject", "To", "Date", "Reply-To", "Cc"),
      (header, body, name) => {
        const signed = signedHeader(header, body);
        for (const forged of [`${name}: x\r\n${signed}`, `${signed}${name}: x\r\n`]) {
          assert.deepEqual(
            verify(forged, body).filter(({ result }) => result === "pass"),
            [],
          );
        }
      },
    ),
    { numRuns: 60 },
  );
});
