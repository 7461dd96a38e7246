import assert from "node:assert/strict";
import { test } from "node:test";
import { octetGroups } from "../../../src/scanners/octet-groups.ts";
import { memoryMail, spooledMail, wholeMail } from "../../support/scanned-mail.ts";

const large = Buffer.alloc(700_000, "0123456789");

async function collected(groups: AsyncGenerator<readonly Uint8Array[]>): Promise<{ octets: Buffer; groups: number }> {
  const pieces: Buffer[] = [];
  let count = 0;
  for await (const group of groups) {
    count += 1;
    pieces.push(Buffer.concat(group));
  }
  return { octets: Buffer.concat(pieces), groups: count };
}

test("gives a mail's octets in order, from memory and from a spool", async () => {
  for (const mail of [
    memoryMail("short\r\n"),
    memoryMail(""),
    memoryMail(large),
    spooledMail(large),
    spooledMail(Buffer.alloc(0)),
  ])
    assert.deepEqual((await collected(octetGroups(mail))).octets, await wholeMail(mail));
});

test("a small mail goes in one group", async () => {
  assert.equal((await collected(octetGroups(memoryMail("short\r\n")))).groups, 1);
});

test("stops at the limit, wherever it lies", async () => {
  for (const mail of [memoryMail(large), spooledMail(large, 1000)]) {
    const whole = await wholeMail(mail);
    for (const limit of [
      0,
      1,
      mail.header.length,
      mail.header.length + 1,
      mail.header.length + 2,
      5000,
      699_999,
      10_000_000,
    ])
      assert.deepEqual((await collected(octetGroups(mail, limit))).octets, whole.subarray(0, limit));
  }
});

test("does not read a spool beyond the limit", async () => {
  const mail = spooledMail(large, 1000, new Error("read on"));
  const limit = mail.header.length + 2 + 1000;
  assert.equal((await collected(octetGroups(mail, limit))).octets.length, limit);
  await assert.rejects(collected(octetGroups(mail, limit + 1)), /read on/);
});
