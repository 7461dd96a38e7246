// The fields on top of a copy in quarantine (amavis.md 1.11): written by us, read again when the index is made anew and
// when the copy is released. What stands below them is the mail as it came.
import { decodedText } from "./decoded-text.ts";

/** What no field of amavisd's says. */
export interface CopyFacts {
  /** Epoch, milliseconds. */
  readonly at: number;
  readonly purpose: string;
  readonly category: string;
  readonly secretId: string;
  readonly digest: string;
  readonly score?: number;
  readonly found: readonly string[];
  /** What MAIL FROM said of the octets, "BODY=8BITMIME SMTPUTF8": a release says it again. */
  readonly parameters: string;
}

export interface QuarantineHead {
  readonly mailId: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly blocked: readonly string[];
}

/**
 * Our own field, one line. It stands above every field of the mail, so the first one in a file is ours. It says how many
 * octets of ours are below it: a mail that begins with a blank would else pass its first line off as part of ours.
 */
const factsName = "X-Signpost-Copy";

/** Characters of a subject that are shown. */
const maxSubject = 200;

/** What is put on top of copies wherever they go: the envelope, and the name by which everybody calls the mail. */
export function envelopeFields({ mailId, sender, recipients, blocked }: QuarantineHead): readonly string[] {
  return [
    `X-Envelope-From: ${path(sender)}\r\n`,
    `X-Envelope-To: ${recipients.map(path).join(",\r\n ")}\r\n`,
    ...(blocked.length === 0 ? [] : [`X-Envelope-To-Blocked: ${blocked.map(path).join(",\r\n ")}\r\n`]),
    `X-Quarantine-ID: <${mailId}>\r\n`,
  ];
}

/**
 * All that is put on top of a file.
 *
 * @param deliveredTo the place as the maps name it: "virus-quarantine"
 * @param fields of the decision (X-Amavis-Alert, X-Spam-Status), below ours; each ends in CRLF
 */
export function fileFields(
  head: QuarantineHead,
  facts: CopyFacts,
  deliveredTo: string,
  fields: readonly string[],
): readonly string[] {
  return [
    `Return-Path: ${path(head.sender)}\r\n`,
    `Delivered-To: ${path(deliveredTo)}\r\n`,
    ...envelopeFields(head),
    `${factsName}: ${asciiJson({ ...facts, below: fileOctets(fields) })}\r\n`,
    ...fields,
  ];
}

/** As a file has them, with Unix line ends. */
function fileOctets(fields: readonly string[]): number {
  return fields.join("").replaceAll("\r\n", "\n").length;
}

/** Octets of addresses as they came; the line they stand in does not end because of one. */
function path(address: string): string {
  return `<${address.replace(/[\r\n\0]/g, "?")}>`;
}

function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export interface ReadHead extends QuarantineHead {
  /** Absent in files of amavisd. */
  readonly facts?: CopyFacts;
  /** Of the mail itself. */
  readonly subject: string;
  /** Where the mail as it came begins, in octets. */
  readonly originalAt: number;
}

/** Fields that amavisd puts on top of a file, before those of the mail. */
const amavisFields =
  /^(?:return-path|delivered-to|x-envelope-(?:from|to|to-blocked)|x-quarantine-id|x-amavis-[\w-]+|x-spam-[\w-]+)$/;

/**
 * Reads the top of a file, given one character per octet. Undefined where it is no copy of
 * ours or of amavisd's, or where its fields do not end within `text`.
 */
export function readQuarantineHead(text: string): ReadHead | undefined {
  const known = new Map<string, string>();
  let facts: ReturnType<typeof readFacts>;
  let at = 0;
  for (let field = fieldAt(text, at); field !== undefined && amavisFields.test(field.name); field = fieldAt(text, at)) {
    if (!known.has(field.name)) known.set(field.name, field.body);
    at = field.end;
  }
  if (text.startsWith(`${factsName}:`, at)) {
    const end = text.indexOf("\n", at) + 1;
    facts = end === 0 ? undefined : readFacts(text.slice(at + factsName.length + 1, end));
    if (facts === undefined || end + facts.below > text.length) return undefined;
    at = end + facts.below;
  }
  const [mailId = ""] = pathsOf(known.get("x-quarantine-id") ?? "");
  const from = known.get("x-envelope-from");
  if (mailId === "" || from === undefined) return undefined;
  return {
    mailId,
    sender: pathsOf(from)[0] ?? "",
    recipients: pathsOf(known.get("x-envelope-to") ?? ""),
    blocked: pathsOf(known.get("x-envelope-to-blocked") ?? ""),
    ...(facts === undefined ? {} : { facts: facts.facts }),
    subject: subjectBelow(text, at),
    originalAt: at,
  };
}

interface FieldAt {
  readonly name: string;
  readonly body: string;
  readonly end: number;
}

/** The field that begins at `start`; undefined at the end of the header section or of the text. */
function fieldAt(text: string, start: number): FieldAt | undefined {
  let end = text.indexOf("\n", start) + 1;
  if (end === 0) return undefined;
  // A last line could go on behind what was read of the file.
  while (text[end] === " " || text[end] === "\t") {
    end = text.indexOf("\n", end) + 1;
    if (end === 0) return undefined;
  }
  const colon = text.indexOf(":", start);
  if (colon === -1 || colon >= end) return undefined;
  const name = text.slice(start, colon).trimEnd().toLowerCase();
  return { name, body: text.slice(colon + 1, end), end };
}

/** As far as the mail's header section was read; a line that is no field is passed over. */
function subjectBelow(text: string, start: number): string {
  for (let at = start; at < text.length; ) {
    if (text[at] === "\n" || text.startsWith("\r\n", at)) return "";
    const field = fieldAt(text, at);
    if (field?.name === "subject") return shownSubject(field.body);
    const line = text.indexOf("\n", at) + 1;
    if (field === undefined && line === 0) return "";
    at = field?.end ?? line;
  }
  return "";
}

/** A Subject as lists show it. */
export function shownSubject(body: string): string {
  return decodedText(body, maxSubject);
}

/** "<a@b>, <c@d>": what stands between angle brackets; a quoted string may hold some. */
function pathsOf(body: string): readonly string[] {
  const found: string[] = [];
  let start = -1;
  let quoted = false;
  for (let at = 0; at < body.length; at += 1) {
    const char = body[at];
    if (start === -1) {
      if (char === "<") start = at + 1;
    } else if (char === "\\" && quoted) at += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === ">" && !quoted) {
      found.push(body.slice(start, at));
      start = -1;
    }
  }
  return found;
}

function readFacts(body: string): { readonly facts: CopyFacts; readonly below: number } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const given = new Map<string, unknown>(Object.entries(value));
  const [at, below, score, found] = [given.get("at"), given.get("below"), given.get("score"), given.get("found")];
  const [purpose, category] = [given.get("purpose"), given.get("category")];
  const [secretId, digest, parameters] = [given.get("secretId"), given.get("digest"), given.get("parameters")];
  if (typeof at !== "number" || typeof below !== "number" || !(below >= 0)) return undefined;
  if (typeof purpose !== "string" || typeof category !== "string") return undefined;
  if (typeof secretId !== "string" || typeof digest !== "string") return undefined;
  return {
    facts: {
      at,
      purpose,
      category,
      secretId,
      digest,
      ...(typeof score === "number" ? { score } : {}),
      found: Array.isArray(found) ? found.filter((each) => typeof each === "string") : [],
      parameters: typeof parameters === "string" ? parameters : "",
    },
    below,
  };
}
