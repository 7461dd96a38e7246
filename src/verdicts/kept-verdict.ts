// Verdicts as octets, for a cache that other filters have a part in: what is read from there is looked at as closely as if a
// scanner had said it. Who writes there decides what is a virus, as the scanner does.
import type { ScannerAnswer, SpamFound, SpamTest, VirusFound } from "../mail/content.ts";

const maxNames = 100;
const maxTests = 500;
const maxText = 300;

/** A score, and what it was taken for by the levels of the mail that it was asked for. */
export interface KeptSpam {
  readonly found: SpamFound;
  readonly verdict: "ham" | "spam";
}

export function encodeVirus(found: VirusFound): Uint8Array {
  return Buffer.from(JSON.stringify(found));
}

export function encodeSpam({ found, verdict }: KeptSpam): Uint8Array {
  return Buffer.from(JSON.stringify({ ...found, verdict }));
}

/** Undefined for anything that `encodeVirus` does not make of a finding that is worth keeping. */
export function decodeVirus(octets: Uint8Array): VirusFound | undefined {
  const value = parse(octets);
  if (value === undefined || value["failed"] !== false) return undefined;
  const names = listOf(value["names"], maxNames, shortText);
  const answers = listOf(value["answers"], maxNames, readAnswer);
  return names === undefined || answers === undefined || answers.length === 0
    ? undefined
    : { names, answers, failed: false, cached: true };
}

/** The same of `encodeSpam`. */
export function decodeSpam(octets: Uint8Array): KeptSpam | undefined {
  const value = parse(octets);
  if (value === undefined) return undefined;
  const { score, autolearn, action } = value;
  const verdict = (["ham", "spam"] as const).find((word) => word === value["verdict"]);
  const tests = listOf(value["tests"], maxTests, readTest);
  const scanner = shortText(value["scanner"]);
  if (!isPoints(score) || tests === undefined || scanner === undefined || verdict === undefined) return undefined;
  const words = { autolearn: shortText(autolearn), action: shortText(action) };
  const found: SpamFound = {
    score,
    tests,
    scanner,
    ...(words.autolearn !== undefined && { autolearn: words.autolearn }),
    ...(words.action !== undefined && { action: words.action }),
    cached: true,
  };
  return { found, verdict };
}

type Members = Readonly<Record<string, unknown>>;

function parse(octets: Uint8Array): Members | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf<T>(value: unknown, most: number, read: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items: T[] = [];
  for (const item of value) {
    const found = read(item);
    if (found === undefined) return undefined;
    items.push(found);
  }
  return items;
}

/** It goes to log and header fields: printable ASCII, of bounded length. */
function shortText(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= maxText && /^[\x20-\x7e]*$/.test(value) ? value : undefined;
}

function readAnswer(item: unknown): ScannerAnswer | undefined {
  if (!isMembers(item)) return undefined;
  const scanner = shortText(item["scanner"]);
  const detail = listOf(item["detail"], maxNames, shortText);
  const result = (["clean", "infected", "failed"] as const).find((word) => word === item["result"]);
  return scanner === undefined || detail === undefined || result === undefined
    ? undefined
    : { scanner, result, detail };
}

function readTest(item: unknown): SpamTest | undefined {
  if (!isMembers(item)) return undefined;
  const { name, score } = item;
  if (typeof name !== "string" || !/^[A-Za-z0-9_.:-]{1,80}$/.test(name)) return undefined;
  if (score === undefined) return { name };
  return isPoints(score) ? { name, score } : undefined;
}

/** JSON has infinite ones: "1e999". */
function isPoints(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 1_000_000;
}
