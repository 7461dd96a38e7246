// `signpost check`: what the incoming path would find out about a message, and why.
import { parseArgs } from "node:util";
import type { Finding } from "../authres/finding.ts";
import { formatAuthenticationResults } from "../authres/print.ts";
import { visible } from "../outcome/log-line.ts";
import type { Outcome } from "../outcome/outcome.ts";
import { type Command, exitCode, type Io, UsageError } from "./command.ts";
import { type Inspection, openInspection } from "./inspect.ts";
import { readMessageFile, transactionOf } from "./message-file.ts";

export const check: Command = {
  name: "check",
  summary: "verify messages as the incoming path would, and say why",
  usage: `[--config FILE] [--dns FILE.json] [--now EPOCH] [--client IP] [--helo NAME] [--mail-from ADDR]
       [--rcpt-to ADDR] [--json] FILE...

FILE is a message, "-" standard input. Without --config and /etc/signpost/signpost.yaml the defaults hold, with every
verification on (SPF where --client tells whom it is about).

  --dns FILE.json   answers from a file instead of the DNS: {name: {"TXT": [[string, ...], ...]} or {"rcode": ...}}
  --now EPOCH       the time to verify with, in seconds
  --client IP       the client that handed the message in, for SPF and for policy banks
  --helo NAME       what it said in HELO or EHLO
  --mail-from ADDR  the envelope sender
  --rcpt-to ADDR    the envelope recipient
  --json            one object a line`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string" },
        dns: { type: "string" },
        now: { type: "string" },
        client: { type: "string" },
        helo: { type: "string" },
        "mail-from": { type: "string" },
        "rcpt-to": { type: "string" },
        json: { type: "boolean" },
      },
    });
    if (positionals.length === 0) throw new UsageError("no file given");
    if (values.now !== undefined && !/^\d{1,12}$/.test(values.now))
      throw new UsageError("--now takes seconds since 1970");
    const inspection = await openInspection(
      {
        config: values.config,
        dns: values.dns,
        withoutFile: (settings) => ({
          ...settings,
          config: { ...settings.config, base: { ...settings.config.base, ...everyMethod(values.client) } },
        }),
      },
      io,
    );
    if (typeof inspection === "number") return inspection;
    let code: number = exitCode.ok;
    try {
      for (const file of positionals) {
        let octets: Uint8Array;
        try {
          octets = await readMessageFile(file, io);
        } catch (error) {
          io.stderr(`signpost check: ${error instanceof Error ? error.message : String(error)}\n`);
          code = exitCode.noInput;
          continue;
        }
        const outcome = await inspection.generation.filter(
          transactionOf(octets, {
            listener: { address: "127.0.0.1", port: inspection.settings.config.inet_socket_port[0] ?? 10024 },
            envelope: {
              sender: { address: values["mail-from"] ?? "", parameters: "" },
              recipients: [{ address: values["rcpt-to"] ?? "postmaster", parameters: "" }],
            },
            client: {
              ...(values.client === undefined ? {} : { address: values.client }),
              ...(values.helo === undefined ? {} : { helo: values.helo }),
            },
            receivedAtMs: values.now === undefined ? io.now() : Number(values.now) * 1000,
          }),
        );
        inspection.takeSent();
        if (values.json === true) io.stdout(`${JSON.stringify(asJson(file, outcome, inspection))}\n`);
        else tell(file, outcome, inspection, io);
      }
    } finally {
      await inspection.close();
    }
    return code;
  },
};

/** Without a configuration everything is looked at; SPF needs a client to speak of. */
function everyMethod(client: string | undefined) {
  return {
    enable_dkim_verification: true,
    enable_domainkeys_verification: true,
    enable_spf_verification: client !== undefined,
    enable_dmarc_verification: true,
    enable_arc_verification: true,
  };
}

function asJson(file: string, outcome: Outcome, inspection: Inspection): unknown {
  return {
    file,
    signatures: outcome.verifications.map(({ kind, domain, selector, algorithm, b, result, reason, ...more }) => ({
      kind,
      domain,
      selector,
      algorithm,
      b,
      result,
      reason: reason ?? null,
      ...more,
    })),
    spf: method(outcome.findings, "spf"),
    dmarc: method(outcome.findings, "dmarc"),
    arc: method(outcome.findings, "arc"),
    authenticationResults: resultsField(outcome, inspection),
    policyBankPath: outcome.bankPath,
    policyBanks: outcome.loaded,
    originating: outcome.originating,
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
  };
}

/** The one finding of a method, its properties as an object; null when the method was not asked. */
function method(findings: readonly Finding[], name: string): unknown {
  const finding = findings.find((each) => each.method === name);
  if (finding === undefined) return null;
  const properties = Object.fromEntries(finding.properties.map((each) => [`${each.type}.${each.name}`, each.value]));
  return { result: finding.result, reason: finding.reason ?? null, properties };
}

function resultsField(outcome: Outcome, { settings }: Inspection): string {
  const { base } = settings.config;
  return formatAuthenticationResults(base.myauthservid ?? base.myhostname, outcome.findings);
}

function tell(file: string, outcome: Outcome, inspection: Inspection, io: Io): void {
  const lines = [`${file}:`];
  for (const verification of outcome.verifications) {
    const { kind, result, reason, domain, selector, algorithm, keyBits } = verification;
    const key = keyBits === undefined ? "" : `, ${keyBits}-bit key`;
    lines.push(`  ${kind}=${result} d=${visible(domain)} s=${visible(selector)} (${visible(algorithm)}${key})`);
    if (reason !== undefined) lines.push(`    ${reason}: see docs/dkim.md`);
    for (const name of verification.unsignedInstances ?? [])
      lines.push(`    a field is there that is not signed: ${visible(name)}`);
  }
  if (outcome.verifications.length === 0) lines.push("  no signature");
  const banks = outcome.loaded.map(({ bank, why, key, origin }) =>
    [bank, `(${why}${key === undefined ? "" : ` ${visible(key)}`}${origin === undefined ? "" : `, ${origin}`})`].join(
      " ",
    ),
  );
  lines.push(`  policy banks: ${banks.length === 0 ? "none beside the base" : banks.join(", ")}`);
  if (outcome.error !== undefined) lines.push(`  error: ${visible(outcome.error)}`);
  lines.push(
    ...resultsField(outcome, inspection)
      .trimEnd()
      .split("\r\n")
      .map((line) => `  ${line}`),
  );
  io.stdout(`${lines.join("\n")}\n`);
}
