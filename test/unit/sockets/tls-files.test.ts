import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadTlsFiles, readTlsFiles, type TlsFileNames } from "../../../src/sockets/tls-files.ts";
import { type Certificates, createCertificates } from "../../support/certificates.ts";

let folder: string;
let good: Certificates;
let other: Certificates;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signpost-tls-files-"));
  good = await createCertificates(folder, "DNS:mail.example.com", "good");
  other = await createCertificates(folder, "DNS:mail.example.com", "other");
  await writeFile(join(folder, "both.pem"), good.certificate + good.key);
  await writeFile(join(folder, "none.pem"), "nothing\n");
});
after(() => rm(folder, { recursive: true, force: true }));

const none: TlsFileNames = { smtpd_tls_cert_file: null, smtpd_tls_key_file: null, smtp_tls_CAfile: null };

test("reads certificate and key, from one file or from two, and authorities", () => {
  const two = { smtpd_tls_cert_file: good.certificateFile, smtpd_tls_key_file: good.keyFile };
  const { material, faults } = readTlsFiles({ ...none, ...two, smtp_tls_CAfile: good.authorityFile });
  assert.deepEqual(faults, []);
  assert.ok(material.server !== undefined);
  assert.equal(material.ca, good.authority);
  assert.ok(loadTlsFiles({ ...none, smtpd_tls_cert_file: join(folder, "both.pem") }).server !== undefined);
  assert.deepEqual(loadTlsFiles(none), {});
});

const cases: readonly (readonly [string, () => Partial<TlsFileNames>, RegExp])[] = [
  ["a file that is not there", () => ({ smtp_tls_CAfile: join(folder, "x") }), /^smtp_tls_CAfile: .* cannot be read/],
  ["no certificate", () => ({ smtpd_tls_cert_file: join(folder, "none.pem") }), /^smtpd_tls_cert_file: .*go together/],
  ["no authority", () => ({ smtp_tls_CAfile: join(folder, "none.pem") }), /^smtp_tls_CAfile: .* holds no certificate/],
  [
    "another's key",
    () => ({ smtpd_tls_cert_file: good.certificateFile, smtpd_tls_key_file: other.keyFile }),
    /^smtpd_tls_key_file: certificate and key do not go together/,
  ],
];
for (const [what, names, message] of cases) {
  test(`names the setting for ${what}`, () => {
    assert.throws(() => loadTlsFiles({ ...none, ...names() }), { message });
  });
}
