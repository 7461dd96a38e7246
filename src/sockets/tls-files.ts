// Certificates and keys for TLS, read from disk at start and at each reload: what is renewed there is in force after a reload.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";
import { errorText } from "../mail/error-text.ts";

export interface TlsFileNames {
  readonly smtpd_tls_cert_file: string | null;
  /** null: the key is in the certificate's file. */
  readonly smtpd_tls_key_file: string | null;
  readonly smtp_tls_CAfile: string | null;
}

export interface TlsMaterial {
  /** For clients; absent where no certificate is configured. */
  readonly server?: SecureContext;
  /** Authorities of next hops, PEM. */
  readonly ca?: string;
}

export interface TlsFault {
  readonly setting: keyof TlsFileNames;
  readonly message: string;
}

/** Reads what is configured, as the user that this process is; everything that is wrong is among the faults. */
export function readTlsFiles(names: TlsFileNames): {
  readonly material: TlsMaterial;
  readonly faults: readonly TlsFault[];
} {
  const faults: TlsFault[] = [];
  function read(setting: keyof TlsFileNames, name: string): string | undefined {
    try {
      return readFileSync(name, "utf8");
    } catch (error) {
      faults.push({ setting, message: `${name} cannot be read: ${errorText(error)}` });
      return undefined;
    }
  }
  const { smtpd_tls_cert_file, smtpd_tls_key_file, smtp_tls_CAfile } = names;
  let server: SecureContext | undefined;
  if (smtpd_tls_cert_file !== null) {
    const cert = read("smtpd_tls_cert_file", smtpd_tls_cert_file);
    const key = smtpd_tls_key_file === null ? cert : read("smtpd_tls_key_file", smtpd_tls_key_file);
    if (cert !== undefined && key !== undefined) {
      try {
        server = createSecureContext({ cert, key });
      } catch (error) {
        const setting = isCertificate(cert) ? "smtpd_tls_key_file" : "smtpd_tls_cert_file";
        faults.push({ setting, message: `certificate and key do not go together: ${errorText(error)}` });
      }
    }
  }
  const ca = smtp_tls_CAfile === null ? undefined : read("smtp_tls_CAfile", smtp_tls_CAfile);
  if (ca !== undefined && !isCertificate(ca)) {
    faults.push({ setting: "smtp_tls_CAfile", message: `${smtp_tls_CAfile} holds no certificate` });
  }
  return { material: { ...(server && { server }), ...(ca !== undefined && { ca }) }, faults };
}

/** @throws naming the setting and the file */
export function loadTlsFiles(names: TlsFileNames): TlsMaterial {
  const { material, faults } = readTlsFiles(names);
  const [first] = faults;
  if (first !== undefined) throw new Error(`${first.setting}: ${first.message}`);
  return material;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
