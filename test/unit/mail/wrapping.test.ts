import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameWrapping, type Wrapping, wrappedBody } from "../../../src/mail/wrapping.ts";
import { memoryMail, spooledMail, wholeMail } from "../../support/scanned-mail.ts";

const wrap: Wrapping = { heading: "MIME-Version: 1.0\r\n", before: "<<", after: ">>" };

test("the octets within are those that came, in memory or in a spool file, as often as they are read", async () => {
  const octets = Buffer.from("a\r\n".repeat(1000));
  for (const mail of [memoryMail(octets), spooledMail(octets, 100)]) {
    const body = wrappedBody(mail, wrap, "shared");
    assert.equal(body.kind, mail.body.kind);
    for (let time = 0; time < 2; time += 1) {
      const read = await wholeMail({ header: Buffer.alloc(0), separator: "", fields: [], body });
      assert.equal(read.toString(), `<<${(await wholeMail(mail)).toString()}>>`);
    }
  }
});

test("equal by what they say", () => {
  assert.ok(isSameWrapping(undefined, undefined));
  assert.ok(isSameWrapping(wrap, { ...wrap }));
  assert.ok(!isSameWrapping(wrap, undefined));
  for (const key of ["heading", "before", "after"] as const) assert.ok(!isSameWrapping(wrap, { ...wrap, [key]: "x" }));
});
