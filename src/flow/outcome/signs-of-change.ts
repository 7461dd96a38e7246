// Who may have changed a mail after it was signed, as far as the mail shows: hosts it passed since, marks of mailing
// lists, known footers. Looked at only where a signature does not hold.
import { asBuffer, fieldBody, type HeaderField, unfold } from "../../mail/header.ts";
import type { Message } from "../../mail/message.ts";

const maxHints = 8;
const maxChars = 120;
/** Octets of the end of a body that are looked at. */
const footerOctets = 4096;

/** Sentences without an end mark, the most telling first; bounded. */
export function signsOfChange({ fields, body }: Pick<Message, "fields" | "body">): readonly string[] {
  const hints = [...listHints(fields), ...footerHints(body), ...rewritingHints(fields), ...hopHints(fields)];
  return hints.slice(0, maxHints).map((hint) => hint.slice(0, maxChars));
}

const listFields = ["list-id", "x-beenthere", "mailing-list", "x-mailman-version", "list-post", "list-unsubscribe"];

function listHints(fields: readonly HeaderField[]): readonly string[] {
  const field = listFields
    .map((wanted) => fields.find(({ name }) => name === wanted))
    .find((each) => each !== undefined);
  const subject = textOf(fields.find(({ name }) => name === "subject"));
  const tag = /^(?:(?:re|aw|fwd?|wg): *)*(\[[^\][]{2,40}\])/i.exec(subject)?.[1];
  return [
    ...(field === undefined ? [] : [`it came through a mailing list (${field.name}: ${textOf(field)})`]),
    ...(tag === undefined ? [] : [`Subject has the mark ${tag}, as lists add it`]),
  ];
}

const footers: readonly (readonly [RegExp, string])[] = [
  [
    /^_{30,}\s*$[\s\S]{0,400}(?:mailing list|listinfo|unsubscribe)/im,
    "the body ends with the footer of a mailing list",
  ],
  [/you received this message because you are subscribed/i, "the body ends with the footer of a mailing list"],
  [
    /(?:virus-free|checked by|scanned by|scanned for viruses|avast|avg technologies)/i,
    "the body ends with the note of a virus scanner",
  ],
  [/(?:confidentiality notice|this e-?mail .{0,60}confidential|disclaimer)/i, "the body ends with a disclaimer"],
  [/(?:to unsubscribe|unsubscribe from this)/i, "the body ends with a note on how to unsubscribe"],
];

function footerHints(body: Message["body"]): readonly string[] {
  if (body.kind !== "memory") return [];
  const last = body.chunks.at(-1);
  if (last === undefined) return [];
  const text = asBuffer(last.subarray(Math.max(0, last.length - footerOctets))).toString("latin1");
  const found = footers.find(([pattern]) => pattern.test(text));
  return found === undefined ? [] : [found[1]];
}

const rewriting: Readonly<Record<string, string>> = {
  "x-mime-autoconverted": "a relay changed the transfer encoding",
  "resent-from": "somebody sent it again by hand (Resent-From)",
  "x-virus-scanned": "a content filter handled it",
  "x-forwarded-encrypted": "a forwarder handled it",
  "x-original-from": "somebody rewrote From",
};

function rewritingHints(fields: readonly HeaderField[]): readonly string[] {
  const found = new Map<string, HeaderField>();
  for (const field of fields)
    if (Object.hasOwn(rewriting, field.name) && !found.has(field.name)) found.set(field.name, field);
  return [...found].map(([name, field]) => `${rewriting[name]} (${name}: ${textOf(field).slice(0, 50)})`);
}

/** Hosts that took the mail after it was signed: their Received fields stand above the signature. */
function hopHints(fields: readonly HeaderField[]): readonly string[] {
  const signature = fields.findIndex(({ name }) => name === "dkim-signature" || name === "domainkey-signature");
  const hosts = fields.slice(0, Math.max(0, signature)).flatMap((field) => {
    if (field.name !== "received") return [];
    const host = /\bby\s+([A-Za-z0-9._:[\]-]{1,80})/.exec(textOf(field))?.[1];
    return host === undefined ? [] : [host];
  });
  // The first to take it stands lowest.
  return hosts.length === 0
    ? []
    : [`since the topmost signature it passed ${[...new Set(hosts.toReversed())].join(", ")}`];
}

function textOf(field: HeaderField | undefined): string {
  if (field === undefined) return "";
  const { raw } = field;
  return unfold(fieldBody(raw.length > 1000 ? raw.subarray(0, 1000) : raw)).trim();
}
