import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../../src/rr/answer.ts";
import { body, fields, found, now, rsaRecord, signByHand, verifyLines } from "./hand-made.ts";
import { verifyCases } from "./verify-cases.ts";

for (const { name, mail, with: options, wanted } of verifyCases(now)) {
  test(`${name}: ${wanted}`, () => {
    const [got, ...more] = verifyLines([signByHand(mail), ...fields], options);
    assert.equal(got?.reason ?? got?.result, wanted);
    assert.deepEqual(more, []);
  });
}

test("tells what it knows of a signature, readable or not", () => {
  const tags = { d: "Example.COM", t: String(now), x: String(now + 9), i: "a=40b@x.example.com" };
  const [got] = verifyLines([signByHand({ tags }), ...fields], { answer: found(rsaRecord("t=y; ")) });
  const { b, ...rest } = got ?? { b: "" };
  assert.match(b, /^[A-Za-z0-9+/]{8}$/);
  assert.deepEqual(rest, {
    kind: "dkim",
    result: "pass",
    domain: "example.com",
    selector: "s",
    algorithm: "rsa-sha256",
    identity: "a@b@x.example.com",
    signedAt: now,
    expiresAt: now + 9,
    keyBits: 1024,
    testing: true,
    canonicalBytes: "first line\r\n\r\nlast line\r\n".length,
  });
  const [broken] = verifyLines(["DKIM-Signature: d=a b\0(; s=\xe9; a=x\ty; b= Zg \r\n Zh\r\n"]);
  assert.deepEqual(broken, {
    kind: "dkim",
    result: "permerror",
    reason: "missing-tag",
    missingTag: "h",
    domain: "a?b?(",
    selector: "?",
    algorithm: "x?y",
    identity: "@a?b?(",
    b: "ZgZh",
  });
});

test("names the first tag that is missing", () => {
  for (const missing of ["a", "bh", "d", "h", "s"]) {
    for (const value of [undefined, ""]) {
      const [got] = verifyLines([signByHand({ tags: { [missing]: value } }), ...fields]);
      assert.deepEqual([got?.reason, got?.missingTag], ["missing-tag", missing]);
    }
  }
  const [unversioned] = verifyLines([signByHand({ tags: { v: undefined, q: "dns/txt" } }), ...fields]);
  assert.equal(unversioned?.missingTag, "v");
  const [unsigned] = verifyLines([
    "DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from; bh=AA==; b=\r\n",
    ...fields,
  ]);
  assert.deepEqual([unsigned?.reason, unsigned?.missingTag], ["missing-tag", "b"]);
  for (const tags of ["d=x.example; s=s", "b=AAAA; s=s", "b=AAAA; d=x.example; s="]) {
    const [old] = verifyLines([`DomainKey-Signature: ${tags}\r\n`, ...fields]);
    assert.equal(
      old?.missingTag,
      ["b", "d", "s"].find((name) => !new RegExp(`(^|; )${name}=.`).test(tags)),
    );
  }
});

test("names fields of which there are more than are signed", () => {
  const signature = signByHand();
  const lines = ["Subject: two\r\n", "From: Eve <eve@evil.example>\r\n", "Reply-To: a@b\r\n", "Reply-To: c@d\r\n"];
  const [got] = verifyLines([...lines, signature, ...fields]);
  assert.equal(got?.result, "pass");
  assert.deepEqual(got?.unsignedInstances, ["from", "reply-to", "subject"]);
  const [altered] = verifyLines(["From: Eve <eve@evil.example>\r\n", signature, ...fields.slice(1)]);
  assert.equal(altered?.reason, "signature-mismatch");
  const [ambiguous] = verifyLines([signature, ...fields, "From: Eve <eve@evil.example>\r\n"]);
  assert.equal(ambiguous?.reason, "two-from-fields");
});

test("an oversigned field cannot be added, above or below", () => {
  const signature = signByHand({ tags: { h: "From:From:Subject:Subject:To:Date" } });
  for (const added of ["From: e@evil.example\r\n", "Subject: two\r\n"]) {
    assert.equal(verifyLines([added, signature, ...fields])[0]?.result, "fail");
    assert.notEqual(verifyLines([signature, ...fields, added])[0]?.result, "pass");
  }
});

test("judges ten signatures with five keys; what is broken takes nobody's place", () => {
  const good = Array.from({ length: 12 }, () => signByHand());
  const broken = "DKIM-Signature: v=1\r\n";
  const results = verifyLines([broken, ...good.slice(0, 5), broken, ...good.slice(5), ...fields]);
  assert.deepEqual(
    results.map(({ result, reason }) => reason ?? result),
    [
      "missing-tag",
      ...new Array(5).fill("pass"),
      "missing-tag",
      ...new Array(5).fill("pass"),
      "too-many-signatures",
      "too-many-signatures",
    ],
  );
  const selectors = ["a", "b", "c", "d", "e", "f", "a", "g"].map((s) => signByHand({ tags: { s } }));
  assert.deepEqual(
    verifyLines([...selectors, ...fields]).map(({ result, reason }) => reason ?? result),
    ["pass", "pass", "pass", "pass", "pass", "too-many-signatures", "pass", "too-many-signatures"],
  );
});

test("does not judge a header beyond the limits", () => {
  const padding = Array.from({ length: 1000 }, (_, i) => `X-${i}: y\r\n`);
  const [got] = verifyLines([signByHand(), ...fields, ...padding]);
  assert.equal(got?.result, "policy");
  assert.equal(got?.reason, "header-too-large");
});

test("a key that was not asked for counts as too many, never as a pass", () => {
  const answer: Answer<"TXT"> = found(rsaRecord());
  const [got] = verifyLines([signByHand(), ...fields], { answer, policy: { maxKeys: 0 } });
  assert.equal(got?.reason, "too-many-signatures");
});

test("verifies from digests made beforehand as from octets", async () => {
  const { readSignatureFields } = await import("../../../src/dkim/signature-fields.ts");
  const { createBodyHasher } = await import("../../../src/dkim/body-hash.ts");
  const { verifyMessage } = await import("../../../src/dkim/verify.ts");
  const { splitHeader } = await import("../../../src/mail/header.ts");
  const { defaultVerifyPolicy } = await import("../../../src/dkim/engine.ts");
  const header = Buffer.from([signByHand(), signByHand({ tags: { l: "10" } }), ...fields].join(""));
  const read = readSignatureFields(splitHeader(header).fields, defaultVerifyPolicy);
  const hasher = createBodyHasher(read.flatMap(({ digest }) => digest ?? []));
  for (const char of body) hasher.update(Buffer.from(char));
  const results = verifyMessage({
    header,
    body: { digests: hasher.digest() },
    keys: read.map(({ keyName }) => [keyName ?? "", found(rsaRecord())]),
    now,
    policy: defaultVerifyPolicy,
  });
  assert.deepEqual(
    results.map(({ result, reason }) => reason ?? result),
    ["pass", "body-not-fully-signed"],
  );
});
