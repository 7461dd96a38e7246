import assert from "node:assert/strict";
import { test } from "node:test";
import { createUntoldClientWarning } from "../../../src/daemon/untold-client.ts";
import type { Session } from "../../../src/mail/transaction.ts";

const session: Session = {
  id: "1-01",
  listener: { address: "127.0.0.1", port: 10024 },
  peer: { address: "127.0.0.1", port: 1 },
  helo: "x",
  protocol: "ESMTP",
  client: {},
};

function said(...sessions: readonly Session[]): readonly string[] {
  const texts: string[] = [];
  const warn = createUntoldClientWarning((text) => texts.push(text));
  for (const each of sessions) warn(each);
  return texts;
}

test("the missing line of master.cf is named, once", () => {
  const [text = "", ...more] = said(session, session);
  assert.match(text, /on 127\.0\.0\.1:10024 .*"-o smtp_send_xforward_command=yes"/);
  assert.deepEqual(more, []);
});

test("over LMTP it is another line, and a refusal is called one", () => {
  assert.match(said({ ...session, protocol: "LMTP" })[0] ?? "", /"-o lmtp_send_xforward_command=yes"/);
  const refused = said({ ...session, client: { standing: "refused" } })[0] ?? "";
  assert.match(refused, /an XFORWARD command was refused/);
  assert.doesNotMatch(refused, /master\.cf/);
});
