// Other verifiers, each asked for its own view of the same case. One that is not installed says so.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface OracleCase {
  readonly name: string;
  readonly message: Buffer;
  /** Key records as text, by name. */
  readonly dns: Readonly<Record<string, string>>;
  /** Epoch seconds. */
  readonly now: number;
}

/** One signature of a message, top to bottom, as a peer sees it. */
export interface PeerResult {
  readonly kind: "dkim" | "domainkeys" | "error";
  readonly result: string;
  readonly detail: string;
}

export interface Peer {
  readonly name: string;
  /** Why it cannot be asked here, or undefined when it can. */
  readonly missing: string | undefined;
  verify(cases: readonly OracleCase[]): Promise<readonly (readonly PeerResult[])[]>;
}

const python = "/usr/bin/python3";

export const peers: readonly Peer[] = [
  { name: "mailauth", missing: undefined, verify: verifyWithMailauth },
  linePeer(
    "Mail::DKIM",
    "libmail-dkim-perl",
    ["perl", "-MMail::DKIM", "-e1"],
    ["perl", resolve(import.meta.dirname, "mail_dkim.pl")],
  ),
  linePeer(
    "dkimpy",
    "python3-dkim and python3-nacl",
    [python, "-c", "import dkim, nacl"],
    [python, resolve(import.meta.dirname, "dkimpy_peer.py")],
  ),
  {
    name: "libopendkim",
    missing: existsSync("/usr/sbin/opendkim") ? undefined : "no opendkim",
    verify: verifyWithOpendkim,
  },
];

async function verifyWithMailauth(cases: readonly OracleCase[]): Promise<PeerResult[][]> {
  const { default: mailauth } = await import("mailauth");
  const all: PeerResult[][] = [];
  for (const { message, dns, now } of cases) {
    const resolver = async (name: string) => {
      const text = dns[name.toLowerCase()];
      if (text === undefined) throw Object.assign(new Error(`no ${name}`), { code: "ENOTFOUND" });
      return [[text]];
    };
    const { results } = await mailauth.dkimVerify(message, { resolver, strict: true, curTime: new Date(now * 1000) });
    all.push(results.map(({ status }) => ({ kind: "dkim", result: status.result, detail: `${status.comment || ""}` })));
  }
  return all;
}

/** A peer that takes a case a line and answers a line each. */
function linePeer(name: string, packages: string, probe: readonly string[], command: readonly string[]): Peer {
  const [program = "", ...args] = command;
  const [probeProgram = "", ...probeArgs] = probe;
  const isThere = spawnSync(probeProgram, probeArgs, { stdio: "ignore" }).status === 0;
  return {
    name,
    missing: isThere ? undefined : `no ${packages}`,
    async verify(cases) {
      const input = cases.map(({ message, dns, now }) =>
        JSON.stringify({ message: message.toString("base64"), dns, now }),
      );
      const { stdout, stderr } = spawnSync(program, args, {
        input: `${input.join("\n")}\n`,
        encoding: "utf8",
        maxBuffer: 1 << 28,
      });
      const lines = stdout.split("\n").filter((line) => line !== "");
      if (lines.length !== cases.length)
        throw new Error(`${name} answered ${lines.length} of ${cases.length}: ${stderr}`);
      return lines.map((line) => JSON.parse(line));
    },
  };
}

/** The filter's test mode judges a message as a whole: it tells of one signature, so of messages with one only. */
async function verifyWithOpendkim(cases: readonly OracleCase[]): Promise<PeerResult[][]> {
  const folder = mkdtempSync(join(tmpdir(), "oracle-"));
  try {
    return cases.map(({ message, dns }) => {
      writeFileSync(join(folder, "message"), message);
      writeFileSync(
        join(folder, "keys"),
        Object.entries(dns)
          .map(([name, text]) => `${name} ${text}\n`)
          .join(""),
      );
      writeFileSync(
        join(folder, "conf"),
        `Mode v\nTestPublicKeys ${join(folder, "keys")}\nBackground no\nMinimumKeyBits 1024\n`,
      );
      const { stdout, stderr } = spawnSync(
        "/usr/sbin/opendkim",
        ["-x", join(folder, "conf"), "-t", join(folder, "message")],
        { encoding: "utf8" },
      );
      const said = `${stdout}${stderr}`;
      const [, detail = said.trim()] = /verification \(.*?\) (.*)/.exec(said) ?? [];
      const result = /\bsucceeded\b/.test(detail)
        ? "pass"
        : /\bbad signature|failed\b/.test(detail)
          ? "fail"
          : "permerror";
      return [{ kind: "dkim", result, detail }];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
