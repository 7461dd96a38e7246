// rspamd's HTTP: what is known of a mail in header fields, the mail as the body, a JSON object back.
import type { Finding } from "../authres/finding.ts";
import type { SpamTest } from "../mail/content.ts";
import { isPoints, maxTests, type SpamQuestion, type SpamScan, testName } from "./spam-question.ts";
import type { ScannerTrouble } from "./trouble.ts";

/** More octets are no answer. */
export const maxAnswerOctets = 1024 * 1024;
const maxRecipients = 100;
const maxResults = 20;

/** In pairs of name and value; `Rcpt` stands once for each recipient. */
export function requestFields({ envelope, client, mailId, verified }: SpamQuestion): readonly string[] {
  const fields: (readonly [string, string | undefined])[] = [
    // An empty field would be none, and the mail not a bounce.
    ["From", envelope.sender.address === "" ? "<>" : envelope.sender.address],
    ...envelope.recipients.slice(0, maxRecipients).map(({ address }) => ["Rcpt", address] as const),
    ["IP", client.address],
    ["Helo", client.helo],
    ["Hostname", client.name],
    ["Queue-Id", mailId],
    ...resultFields(verified?.findings ?? []),
  ];
  return fields.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [name, fieldValue(value)]));
}

/** Whatever an address holds, the field keeps its form. */
function fieldValue(value: string): string {
  return value.replace(/[^\x20-\x7e\x80-\xff]/g, "?").slice(0, 1000);
}

/** What rspamd's module http_headers takes in place of checks of its own. */
function resultFields(findings: readonly Finding[]): (readonly [string, string])[] {
  const of = (method: string) => findings.filter((finding) => finding.method === method);
  const fields: (readonly [string, string])[] = [];
  const dkim = of("dkim").slice(0, maxResults);
  if (dkim.length > 0) {
    const results = dkim.map((finding) => ({ result: dkimWords[finding.result] ?? "na", domain: domainOf(finding) }));
    fields.push(["DKIM", JSON.stringify({ results })]);
  }
  const spf = spfWords[of("spf")[0]?.result ?? ""];
  if (spf !== undefined) fields.push(["SPF", JSON.stringify({ result: spf })]);
  const [dmarc] = of("dmarc");
  const word = dmarc === undefined ? undefined : dmarcWord(dmarc);
  if (word !== undefined) fields.push(["DMARC", JSON.stringify({ result: word })]);
  return fields;
}

type Words = Readonly<Record<string, string>>;

const dkimWords: Words = {
  pass: "pass",
  fail: "fail",
  temperror: "tempfail",
  permerror: "permfail",
  policy: "permfail",
};
/** A temporary error has no word there: rspamd may have more luck. */
const spfWords: Words = {
  pass: "pass",
  fail: "fail",
  softfail: "softfail",
  neutral: "neutral",
  permerror: "permfail",
  none: "na",
};
const dmarcWords: Words = { pass: "pass", none: "na", temperror: "tempfail", permerror: "badpolicy" };

function dmarcWord({ result, properties }: Finding): string | undefined {
  if (result !== "fail") return dmarcWords[result];
  const asked = properties.find(({ type, name }) => type === "policy" && name === "dmarc")?.value;
  return asked === "reject" || asked === "quarantine" ? asked : "softfail";
}

/** A name of the DNS or none: it goes into a language with macros and variables (UCL). */
function domainOf({ properties }: Finding): string {
  const domain = properties.find(({ type, name }) => type === "header" && name === "d")?.value ?? "";
  return /^[A-Za-z0-9._-]{1,255}$/.test(domain) ? domain : "unknown";
}

/** `{"score": 1.5, "required_score": 15, "action": "no action", "symbols": {"NAME": {"score": 1.5}}}`. */
export function readRspamdAnswer(status: number, body: Buffer): SpamScan | ScannerTrouble {
  const answer = parse(body);
  if (status !== 200) {
    const error = answer?.["error"];
    return { trouble: "refused", detail: shown(`HTTP ${status}${typeof error === "string" ? ` ${error}` : ""}`) };
  }
  const { score, required_score, action } = answer ?? {};
  // Where all its actions are switched off nothing is required.
  const required = required_score === undefined || required_score === null ? Number.POSITIVE_INFINITY : required_score;
  if (!isNumber(score) || !(isNumber(required) || required === Number.POSITIVE_INFINITY)) {
    return {
      trouble: "garbage",
      detail: `not an answer of rspamd: ${JSON.stringify(shown(body.toString("latin1", 0, 200)))}`,
    };
  }
  return {
    score,
    required,
    tests: testsOf(answer?.["symbols"]),
    ...(typeof action === "string" && { action: shown(action) }),
  };
}

function testsOf(symbols: unknown): readonly SpamTest[] {
  if (!isMembers(symbols)) return [];
  const tests: SpamTest[] = [];
  for (const [key, symbol] of Object.entries(symbols)) {
    // amavisd writes what would end a test's name as "_".
    const name = testName(key.replace(/[^A-Za-z0-9_.:-]/g, "_"));
    const score = isMembers(symbol) ? symbol["score"] : undefined;
    if (name === undefined || tests.length === maxTests) continue;
    tests.push(isNumber(score) ? { name, score } : { name });
  }
  return tests;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && isPoints(value);
}

type Members = Readonly<Record<string, unknown>>;

function parse(body: Buffer): Members | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What goes to log and header fields: printable ASCII, of bounded length. */
function shown(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]/g, "?");
}
