// Forms of From that some reader shows the forged author of: the strictest policy of whoever can be read acts, whatever the form.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "../../src/cli/check.ts";
import { test } from "../support/limited.ts";
import { folderFor, run } from "../unit/cli/run.ts";

const zone = {
  "_dmarc.bank.example": { TXT: ["v=DMARC1; p=reject"] },
  "_dmarc.evil.example": { TXT: ["v=DMARC1; p=none"] },
  "evil.example": { TXT: ["v=spf1 +all"] },
};
const config = `myhostname: mx.example.net
local_domains_maps: [[.example.net]]
enable_dkim_verification: true
enable_spf_verification: true
enable_dmarc_verification: true
final_dmarc_destiny: D_REJECT
`;

const refused: readonly string[] = [
  "From: CEO <ceo@bank.example>",
  "From: ceo@bank.example",
  'From: "CEO ceo@bank.example',
  "From: ceo@bank.example <joe@evil.example>",
  'From: "ceo@bank.example" <joe@evil.example>, <ceo@bank.example>',
  "From: CEO <ceo@bank.example> x",
  "From: CEO ) <ceo@bank.example>",
  "From: CEO ( <ceo@bank.example>",
  "From: ceo(x)@bank.example",
  "From: ceo@(x)bank.example",
  "From: ceo @ bank . example",
  "From: <@evil.example:ceo@bank.example>",
  "From: ceo@bank.example. <ceo@bank.example>",
  "From: ceo@bank.example, joe@evil.example",
  "From: joe@evil.example, ceo@bank.example",
  "From: joe@evil.example; ceo@bank.example",
  "From: Staff: joe@evil.example, ceo@bank.example;",
  "From: <ceo@BANK.EXAMPLE>",
  "From: <ceo@bank\xe3\x80\x82example>",
  "From: <ceo@mail.bank.example>",
  "From: \0<ceo@bank.example>",
  "From: <ceo@bank.example>\x01",
  "From: <<ceo@bank.example>>",
  "From: <ceo@bank.example",
  "From: ceo@bank.example>",
  "From: =?utf-8?q?ceo=40bank=2Eexample?= <joe@evil.example",
  "From: =?utf-8?b?PGNlb0BiYW5rLmV4YW1wbGU+?=",
  "From:\r\n ceo@bank.example",
  "From : ceo@bank.example",
  "From\t: ceo@bank.example",
  "FROM: ceo@bank.example",
  "From\r\n : ceo@bank.example",
  "From\x0b: ceo@bank.example\r\nFrom: joe@evil.example",
  "From\xa0: ceo@bank.example\r\nFrom: joe@evil.example",
  "\xef\xbb\xbfFrom: ceo@bank.example\r\nFrom: joe@evil.example",
  "From: joe@evil.example\r\nFrom: ceo@bank.example",
  "From: ceo@bank.example\r\nFrom: joe@evil.example",
  "From: ceo@bank.example\r\nFrom: ceo@bank.example",
  `From: ${"joe@evil.example, ".repeat(40)}ceo@bank.example`,
  `${"X: y\r\n".repeat(1001)}From: ceo@bank.example`,
  `From: ceo@bank.example\r\n${"X: y\r\n".repeat(1001)}`.trimEnd(),
  `X: ${"a ".repeat(140_000)}\r\nFrom: ceo@bank.example`,
  "no field\r\nFrom: ceo@bank.example",
  "From: ceo@bank.example\r\nno field",
];

/** Whose policy asks for nothing, or who cannot be read at all: DMARC keeps none of it. */
const passed: readonly string[] = [
  "From: joe@evil.example",
  'From: "bank.example" <joe@evil.example>',
  "From: ceo <joe@evil.example>",
  "From: root",
  "From: undisclosed:;",
  "From: ceo@[192.0.2.1]",
  "From: bank.example",
  "Subject: no author\r\nReply-To: ceo@bank.example",
];

test("mail in the name of a domain that rejects is refused by whatever form of From", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "c.yaml"), config);
  writeFileSync(join(folder, "dns.json"), JSON.stringify(zone));
  const forms = [...refused, ...passed];
  const files = forms.map((from, index) => {
    const name = `${index}.eml`;
    writeFileSync(join(folder, name), Buffer.from(`${from}\r\nTo: sue@example.net\r\n\r\nhello\r\n`, "latin1"));
    return name;
  });
  const args = ["--config", "c.yaml", "--dns", "dns.json", "--json", "--client", "192.0.2.9", "--helo", "evil.example"];
  const { stdout, stderr } = await run(
    check,
    [...args, "--mail-from", "joe@evil.example", "--rcpt-to", "sue@example.net", ...files],
    folder,
  );
  assert.equal(stderr, "");
  const told: readonly { recipients: readonly { action: string }[] }[] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ recipients: [recipient] }, index) => [forms[index]?.slice(0, 60), recipient?.action]),
    forms.map((from, index) => [from.slice(0, 60), index < refused.length ? "reject" : "accept"]),
  );
});
