// Files that others may read or change although they must not: what check-config says of the key for TLS. Keys that sign and the
// configuration itself are in ../lint.test.ts.
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkConfig } from "../../../../src/cli/check-config.ts";
import { folderFor, run } from "../../cli/run.ts";
import { rsaPem } from "../../signing/keys.ts";

for (const [setting, settings] of [
  ["smtpd_tls_key_file", "smtpd_tls_cert_file: certificate.pem\nsmtpd_tls_key_file: key.pem\n"],
  ["smtpd_tls_cert_file", "smtpd_tls_cert_file: key.pem\n"],
] as const) {
  test(`${setting}: a key for TLS that everybody on the machine can use is told`, async (t) => {
    const folder = folderFor(t);
    writeFileSync(join(folder, "signpost.yaml"), settings, { mode: 0o640 });
    const key = join(folder, "key.pem");
    writeFileSync(key, rsaPem);
    const said = async (mode: number) => {
      chmodSync(key, mode);
      return (await run(checkConfig, ["signpost.yaml"], folder)).stderr;
    };
    const warning = new RegExp(`warning: ${setting}: everybody on this machine can use the key in .*key\\.pem`);
    assert.match(await said(0o644), warning);
    assert.doesNotMatch(await said(0o640), warning);
  });
}
