// `signpost check`: what the incoming path would find out about a message, and why.

import { parseArgs } from "node:util";
import type { Finding } from "../authres/finding.ts";
import type { ConfiguredFilter } from "../daemon/configured-filter.ts";
import { surroundingsOf } from "../daemon/surroundings.ts";
import type { SigningRecord } from "../flow/mail.ts";
import { deliveryLines } from "../flow/outcome/delivery-text.ts";
import { type Explanation, explainOutcome } from "../flow/outcome/explain.ts";
import { explanationLines, signingLines } from "../flow/outcome/explain-text.ts";
import { type FindingContext, findingLines, verificationLines } from "../flow/outcome/finding-text.ts";
import { foundLines } from "../flow/outcome/found-text.ts";
import { visible } from "../flow/outcome/log-line.ts";
import type { Outcome } from "../flow/outcome/outcome.ts";
import { recipientRecord, toldFinding } from "../flow/outcome/record.ts";
import { scanLines } from "../flow/outcome/scan-text.ts";
import type { Surroundings } from "../flow/outcome/surroundings.ts";
import { meaningLines, wordOf } from "../flow/words/all-words.ts";
import type { PartsFound } from "../mail/content.ts";
import { systemError } from "../mail/error-text.ts";
import { jsonText } from "../mail/json-text.ts";
import type { MessageHead } from "../mail/message.ts";
import type { Transaction } from "../mail/transaction.ts";
import { isLocal } from "../policy/router.ts";
import { type ContentPool, createContentPool } from "../pool/content-pool.ts";
import { workerUrl } from "../process/module-url.ts";
import { planSigning } from "../signing/plan.ts";
import {
  arrivalOptions,
  mustHaveBank,
  namedRecipients,
  noteClosedPort,
  readArrival,
  recipient,
} from "./arrival-options.ts";
import { type Command, exitCode, UsageError } from "./command.ts";
import { foundOf, readExpectation } from "./expectation.ts";
import { type Inspection, openInspection } from "./inspect.ts";
import { messageOf, readMessageFile, transactionOf } from "./message-file.ts";
import { partLines } from "./part-lines.ts";
import { type ResultsField, resultsField } from "./results-field.ts";

export const check: Command = {
  name: "check",
  summary: "verify messages as the incoming path would, and say why",
  usage: `[--config FILE] [--dns FILE.json] [--now EPOCH] [--client IP] [--helo NAME] [--mail-from ADDR]
       [--rcpt-to ADDR]... [--port PORT] [--bank NAME] [--parts] [--expect WHAT]... [--json] FILE...

FILE is a message, "-" standard input. Without --config and /etc/signpost/signpost.yaml the defaults hold, with every
verification on (SPF where --client tells whom it is about) and every recipient local.

  --dns FILE.json   answers from a file instead of the DNS: {name: {"TXT": [[string, ...], ...]} or {"rcode": ...}}
  --now EPOCH       the time to verify with, in seconds
  --client IP       the client that handed the message in, for SPF and for policy banks; [UNAVAILABLE] stands for mail
                    made on the MTA's own machine; in none of our networks where none is given
  --helo NAME       what it said in HELO or EHLO
  --mail-from ADDR  the envelope sender; the empty one where none is given
  --rcpt-to ADDR    an envelope recipient; where none is given the local ones of To, Cc and Bcc, else postmaster
  --port PORT       the port it comes in on, for interface_policy; the first that is configured where none is given
  --bank NAME       the policy bank that it starts with, whatever the port
  --expect WHAT     exits 1 unless each message has this result: pass, fail, none ... of DKIM, or dmarc=pass, spf=fail ...
  --parts           also what is in the message: names and types of its parts, archives opened
  --json            one object a line

Told for each message: what was verified, which banks were loaded in which order and why, what each lookup map yields
and from which line of which file, which key would sign it and why other candidates would not; for each recipient what
was found, which copies would be kept and who would be told. No copy is kept and no notice is sent. At the end, the
Authentication-Results field that the daemon would write, or why it would write none (in JSON: authenticationResults
is what a local recipient would get, and recipients say whether they do).`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...arrivalOptions,
        config: { type: "string", short: "c" },
        dns: { type: "string" },
        parts: { type: "boolean" },
        expect: { type: "string", multiple: true },
        json: { type: "boolean" },
      },
    });
    if (positionals.length === 0) throw new UsageError("no file given");
    const said = readArrival(values);
    const inspection = await openInspection(
      {
        config: values.config,
        dns: values.dns,
        bank({ config }) {
          mustHaveBank(config, said.bank);
          return said.bank;
        },
        withoutFile: (settings) => ({
          ...settings,
          config: { ...settings.config, base: { ...settings.config.base, ...everything(values.client) } },
        }),
      },
      io,
    );
    if (typeof inspection === "number") return inspection;
    const surroundings = {
      ...surroundingsOf(inspection.settings.config, inspection.settings.tables),
      ...(values.dns === undefined ? {} : { dnsServers: [`the answers in ${values.dns}`] }),
    };
    noteClosedPort(said, inspection.settings.config, io, "check");
    const expected = (values.expect ?? []).map(readExpectation);
    const contentPool = values.parts === true ? partsPool(inspection) : undefined;
    let code: number = exitCode.ok;
    try {
      for (const file of positionals) {
        let octets: Uint8Array;
        try {
          octets = await readMessageFile(file, io);
        } catch (error) {
          io.stderr(`signpost check: ${file} cannot be read: ${systemError(error)}\n`);
          code = exitCode.noInput;
          continue;
        }
        const transaction = transactionOf(octets, {
          listener: {
            address: "127.0.0.1",
            port: said.port ?? inspection.settings.config.inet_socket_port[0] ?? 10024,
          },
          envelope: {
            sender: recipient(said.mailFrom ?? ""),
            recipients: said.rcptTo ?? ourRecipients(messageOf(octets), inspection).map(recipient),
          },
          client: { ...said.client, ...(said.helo === undefined ? {} : { helo: said.helo }) },
          receivedAtMs: said.receivedAtMs ?? io.now(),
        });
        const outcome = await inspection.pass(transaction);
        const results = resultsField(outcome, inspection, inspection.takeSent());
        const parts = withoutOctets(await contentPool?.lookInto(transaction.message));
        const checked: CheckedFile = {
          file,
          outcome,
          explanation: explainOutcome(outcome),
          ifOriginating: signingIfOriginating(outcome, transaction, inspection.filter),
          results,
          surroundings,
          startsLikeMbox: Buffer.from(octets.subarray(0, 5)).toString("latin1") === "From ",
          ...(parts === undefined ? {} : { parts }),
        };
        if (values.json === true) io.stdout(`${jsonText(asJson(checked))}\n`);
        else io.stdout(asText(checked));
        for (const { method, result } of expected) {
          const found = foundOf(method, outcome);
          if (found === result) continue;
          io.stderr(`signpost check: ${file}: ${method}=${result} was expected, it is ${found}\n`);
          if (code === exitCode.ok) code = exitCode.failure;
        }
      }
    } finally {
      await contentPool?.close();
      await inspection.close();
    }
    return code;
  },
};

/** Milliseconds for one message: nobody waits behind it. */
const partsDeadlineMs = 60_000;

function partsPool({ settings }: Inspection): ContentPool {
  const worker = workerUrl("content");
  const queue = { most: 1, waitMs: partsDeadlineMs };
  return createContentPool({ worker, threads: 1, queue, deadlineMs: partsDeadlineMs, limits: settings.config });
}

function withoutOctets(found: PartsFound | undefined): PartsFound | undefined {
  if (found?.forScanners === undefined) return found;
  const { forScanners, ...parts } = found;
  return parts;
}

/** The recipients of incoming mail: our users whom the message names, else the postmaster of a domain of ours. */
function ourRecipients(head: MessageHead, { settings, filter }: Inspection): readonly string[] {
  const { base } = filter.router;
  const named = namedRecipients(head);
  const ours = named.filter((address) => isLocal(base, address));
  if (ours.length > 0) return ours;
  const domains = [settings.config.mydomain, base.myhostname];
  const postmasters = domains.flatMap((domain) => (domain === null ? [] : `postmaster@${domain}`));
  const ofOurs = postmasters.find((address) => isLocal(base, address));
  if (ofOurs !== undefined) return [ofOurs];
  return named.length > 0 ? named : ["postmaster"];
}

/** Without a configuration everything is looked at, for everybody; SPF needs a client to speak of. */
function everything(client: string | undefined) {
  return {
    enable_dkim_verification: true,
    enable_domainkeys_verification: true,
    enable_spf_verification: client !== undefined,
    enable_dmarc_verification: true,
    enable_arc_verification: true,
    local_domains_maps: [true],
  };
}

interface CheckedFile {
  readonly file: string;
  readonly outcome: Outcome;
  readonly explanation: Explanation;
  /** For mail that is not signed because it is not ours: who would sign it if it were. */
  readonly ifOriginating: Explanation["signing"] | undefined;
  readonly results: ResultsField;
  readonly surroundings: Surroundings;
  readonly startsLikeMbox: boolean;
  /** With --parts. */
  readonly parts?: PartsFound;
}

function signingIfOriginating(
  { evidence, signings, sender, verifications, receivedAtMs }: Outcome,
  { message }: Transaction,
  { signer }: ConfiguredFilter,
): CheckedFile["ifOriginating"] {
  const { bank } = evidence;
  if (bank === undefined || !signings.some((each) => each.result === "skipped" && each.reason === "not-originating"))
    return undefined;
  const choice = signer.choose({ head: message, mailFrom: sender, bank: { ...bank, originating: true } });
  const plan = planSigning(choice, {
    validSignatures: verifications.filter(({ kind, result }) => kind === "dkim" && result === "pass"),
    receivedAtMs,
  });
  const signatures: readonly SigningRecord[] =
    "skip" in plan
      ? [{ result: "skipped", reason: plan.skip, ...(plan.detail === undefined ? {} : { detail: plan.detail }) }]
      : plan.sign.map(({ domain, selector, algorithm }) => ({ result: "signed", domain, selector, algorithm }));
  return { signatures, candidates: plan.candidates };
}

function asJson({ file, outcome, explanation, ifOriginating, results, parts }: CheckedFile): object {
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
    authenticationResults: results.text,
    policyBankPath: outcome.bankPath,
    policyBanks: outcome.loaded,
    originating: outcome.originating,
    recipients: outcome.recipients.map((recipient) => {
      // What the next hop says is not known here.
      const { remote, reply, ...told } = recipientRecord(recipient);
      const isAccepted = recipient.action === "accept";
      const hasResults = results.whyNot === undefined && recipient.local && isAccepted;
      return { ...told, authenticationResults: hasResults, ...(isAccepted ? { nextHop: remote } : { reply }) };
    }),
    scan: outcome.scan ?? null,
    explanation: { ...explanation, ...(ifOriginating === undefined ? {} : { ifOriginating }) },
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
    ...parts,
  };
}

/** The one finding of a method, its properties as an object; null when the method was not asked. */
function method(findings: readonly Finding[], name: string): unknown {
  const finding = findings.find((each) => each.method === name);
  if (finding === undefined) return null;
  const properties = Object.fromEntries(
    toldFinding(finding).properties.map((each) => [`${each.type}.${each.name}`, each.value]),
  );
  return { result: finding.result, reason: finding.reason ?? null, properties };
}

function asText(checked: CheckedFile): string {
  const { file, outcome, explanation, ifOriginating, parts, surroundings } = checked;
  const { verifications, findings, evidence, session } = outcome;
  const context: FindingContext = {
    atMs: outcome.receivedAtMs,
    surroundings,
    originating: outcome.originating,
    ...(evidence.changeHints === undefined ? {} : { changeHints: evidence.changeHints }),
    ...(evidence.bank === undefined ? {} : { dmarcDestiny: evidence.bank.final_dmarc_destiny }),
    ...(session.client.address === undefined ? {} : { client: session.client.address }),
  };
  const lines: string[] = [...verificationLines(verifications, context)];
  if (verifications.length === 0) lines.push(...unverifiedLines(checked));
  lines.push(...findingLines(findings, verifications, context));
  lines.push(...scanLines(outcome.scan));
  lines.push(...explanationLines(explanation, { surroundings }));
  if (ifOriginating !== undefined)
    lines.push("were it originating:", ...signingLines({ signing: ifOriginating }).map((line) => `  ${line}`));
  for (const recipient of outcome.recipients) {
    const record = recipientRecord(recipient);
    const [first = "", ...meaning] = deliveryLines(record, "would-happen");
    lines.push(`recipient ${visible(recipient.address)} (${recipient.direction}): ${first}`, ...meaning);
    lines.push(...foundLines(record, "would-happen").map((line) => `  ${line}`));
  }
  if (outcome.error !== undefined) lines.push(`error: ${visible(outcome.error)}`);
  if (parts !== undefined) lines.push(...partLines(parts));
  lines.push(...resultsLines(checked.results));
  return `${[`${file}:`, ...lines.map((line) => `  ${line}`)].join("\n")}\n`;
}

/** Signatures that nobody looked at: the header is too large for it, or nobody was to. */
function unverifiedLines({ outcome, startsLikeMbox }: CheckedFile): readonly string[] {
  const dkim = outcome.findings.find(({ method: name }) => name === "dkim");
  if (dkim === undefined) {
    const off = outcome.evidence.bank?.enable_dkim_verification === false;
    return [`signatures not looked at${off ? ": enable_dkim_verification is off" : ""}`];
  }
  if (dkim.result !== "none") {
    const { reason = "" } = dkim;
    return [`dkim=${dkim.result} (${reason})`, ...meaningLines(wordOf("failure", reason))];
  }
  const hint =
    'the file begins with "From ": it is a mailbox, and its first line is no header field; take that line out';
  return ["no signature", ...(startsLikeMbox ? [`  ${hint}`] : [])];
}

function resultsLines({ text, whyNot }: ResultsField): readonly string[] {
  return whyNot === undefined ? text.trimEnd().split("\r\n") : [`no Authentication-Results: ${whyNot}`];
}
