// Other people's DKIM: verifiers and signers that judge our mail and give us theirs. Each reads a list of files in one
// process (test/interop/peers/), so that hundreds of messages take seconds.
import { execFile } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { dkimSign } from "mailauth/lib/dkim/sign.js";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import type { TestKey } from "./daemon.ts";
import type { FakeDns } from "./fake-dns.ts";

const run = promisify(execFile);
const programs = join(import.meta.dirname, "../interop/peers");

export type PeerAlgorithm = "rsa-sha256" | "ed25519-sha256";

export interface PeerKey {
  readonly algorithm: PeerAlgorithm;
  readonly domain: string;
  readonly selector: string;
  readonly key: TestKey;
}

/** One DKIM-Signature field as a peer judged it: "pass", or its own words. */
export interface PeerVerdict {
  readonly selector: string;
  readonly result: string;
}

export interface PeerSignature {
  readonly file: string;
  readonly algorithm: PeerAlgorithm;
  readonly canonicalization: string;
  /** The whole field with its CRLF, one character per octet. */
  readonly field: string;
}

export interface PeerSetup {
  /** For what a peer wants to have in a file. */
  readonly folder: string;
  readonly keys: readonly PeerKey[];
  readonly dns: FakeDns;
}

export interface Peer {
  readonly name: string;
  readonly algorithms: readonly PeerAlgorithm[];
  /** Reads fields with white space before the colon; where not, a message with one gets no verdict and no field. */
  readonly obsoleteColon: boolean;
  /** Why it cannot be asked here, or undefined. */
  missing(): Promise<string | undefined>;
  /** Verdicts by file, from the top of each message down. */
  verify(files: readonly string[], setup: PeerSetup): Promise<ReadonlyMap<string, readonly PeerVerdict[]>>;
  /** One field per file and key that it can use; canonicalizations take turns. */
  sign(files: readonly string[], setup: PeerSetup): Promise<readonly PeerSignature[]>;
}

const both: readonly PeerAlgorithm[] = ["rsa-sha256", "ed25519-sha256"];
export const canonicalizations = ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"] as const;

export const peers: readonly Peer[] = [
  program("Mail::DKIM", ["/usr/bin/perl", "mail-dkim.pl"], ["-MMail::DKIM", "-e", "1"], ["rsa-sha256"], "port"),
  program("dkimpy", ["/usr/bin/python3", "dkimpy.py"], ["-c", "import dkim, nacl"], both, "zone"),
  program(
    "libopendkim",
    ["/usr/bin/python3", "opendkim.py"],
    ["-c", 'import ctypes; ctypes.CDLL("libopendkim.so.11")'],
    both,
    "zone",
  ),
  {
    name: "mailauth",
    algorithms: both,
    obsoleteColon: true,
    missing: async () => undefined,
    async verify(files, { keys }) {
      const resolver = resolverOf(keys);
      const verdicts = new Map<string, PeerVerdict[]>();
      for (const file of files) {
        const { results } = await dkimVerify(await readFile(file), { resolver });
        verdicts.set(
          file,
          results.map(({ selector = "", status }) => ({
            selector,
            result: status.result === "pass" ? "pass" : `${status.result} (${status.comment ?? ""})`,
          })),
        );
      }
      return verdicts;
    },
    async sign(files, { keys }) {
      const made: PeerSignature[] = [];
      for (const [place, file] of files.entries()) {
        const octets = await readFile(file);
        for (const [offset, { algorithm, domain, selector, key }] of keys.entries()) {
          const canonicalization = canonicalizations[(place + offset) % canonicalizations.length] ?? "simple/simple";
          const { signatures, errors } = await dkimSign(octets, {
            ...{ signingDomain: domain, selector, privateKey: key.pem, algorithm, canonicalization },
            signatureData: [{ signingDomain: domain, selector, privateKey: key.pem, algorithm, canonicalization }],
          });
          if (errors.length > 0) throw new Error(`mailauth does not sign ${file}: ${JSON.stringify(errors)}`);
          made.push({ file, algorithm, canonicalization, field: signatures });
        }
      }
      return made;
    },
  },
];

/** A peer that is a program of another language; `needs` tells it where keys are found when it verifies. */
function program(
  name: string,
  [interpreter, script]: readonly [string, string],
  probe: readonly string[],
  algorithms: readonly PeerAlgorithm[],
  needs: "port" | "zone",
): Peer {
  async function ask(args: readonly string[], read: (line: string) => void): Promise<void> {
    const { stdout } = await run(interpreter, [join(programs, script), ...args], { maxBuffer: 1 << 28 }).catch(
      (error: { stderr?: string }) => {
        throw new Error(`${name}: ${error.stderr ?? String(error)}`);
      },
    );
    for (const line of stdout.split("\n")) if (line !== "") read(line);
  }

  return {
    name,
    algorithms,
    obsoleteColon: name !== "dkimpy",
    async missing() {
      try {
        await run(interpreter, [...probe]);
        return undefined;
      } catch {
        return `${name} is not installed`;
      }
    },
    async verify(files, { folder, keys, dns }) {
      const zone = join(folder, `${script}.zone`);
      const records = keys.map(
        ({ domain, selector, key }) => `${selector}._domainkey.${domain} ${key.record.join("")}\n`,
      );
      await writeFile(zone, records.join(""));
      const verdicts = new Map<string, PeerVerdict[]>();
      await ask(["verify", needs === "port" ? String(dns.server.port) : zone, ...files], (line) => {
        const { file, results } = JSON.parse(line);
        verdicts.set(file, results);
      });
      return verdicts;
    },
    async sign(files, { folder, keys }) {
      const setup = join(folder, `${script}.keys`);
      const usable = keys
        .filter(({ algorithm }) => algorithms.includes(algorithm))
        .map(({ key, ...rest }) => ({ ...rest, ...forms(key.pem) }));
      await writeFile(setup, JSON.stringify({ canonicalizations, keys: usable }), { mode: 0o600 });
      const made: PeerSignature[] = [];
      await ask(["sign", setup, ...files], (line) => made.push(JSON.parse(line)));
      return made;
    },
  };
}

/** A private key in the forms that signers want: PEM, base64 of PKCS #1 (Mail::DKIM), the bare Ed25519 seed (dkimpy). */
function forms(pem: string): { pem: string; der: string; seed: string } {
  const key = createPrivateKey(pem);
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const der = key.asymmetricKeyType === "rsa" ? key.export({ type: "pkcs1", format: "der" }) : pkcs8;
  return { pem, der: der.toString("base64"), seed: pkcs8.subarray(-32).toString("base64") };
}

/** Answers mailauth from the keys at hand. */
function resolverOf(keys: readonly PeerKey[]) {
  return async (name: string, type: string): Promise<string[][]> => {
    const found = keys.find(({ domain, selector }) => type === "TXT" && name === `${selector}._domainkey.${domain}`);
    if (found === undefined) throw Object.assign(new Error(`no ${type} of ${name}`), { code: "ENOTFOUND" });
    return [[...found.key.record]];
  };
}
