// Mail that passes in spite of what is in it, as an attachment of a mail that says so (amavisd: defang_*): who opens it sees a
// warning first, and no mail program shows or runs what is within unasked.
import { isAscii } from "node:buffer";
import type { HeaderFault } from "../../mail/content.ts";
import type { OctetRange } from "../../mail/edit.ts";
import type { MessageOctets } from "../../mail/message.ts";
import type { Wrapping } from "../../mail/wrapping.ts";
import { textPart } from "../../notices/own-message.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import { catchAllValue, categoryValue } from "../../policy/category-maps.ts";
import type { Category, ContentFound, Contents } from "../../policy/decision.ts";
import type { JudgedMail } from "../mail.ts";

/** A wrapped mail, and which fields of its header stay with it alone. */
export interface Defanged {
  readonly wrap: Wrapping;
  readonly within: readonly OctetRange[];
}

const plain: { readonly [Name in Category]?: (bank: PolicyBank) => boolean } = {
  CC_VIRUS: (bank) => bank.defang_virus,
  CC_BANNED: (bank) => bank.defang_banned,
  CC_UNCHECKED: (bank) => bank.defang_undecipherable,
  CC_SPAM: (bank) => bank.defang_spam,
  CC_SPAMMY: (bank) => bank.defang_spam,
  CC_BADH: (bank) => bank.defang_bad_header,
};

const onlyClean: readonly Contents[] = [{ category: "CC_CLEAN", minor: 0 }];

/** Whether one of the mail's contents asks for it: a virus among what is spam, too, is no reason to show the virus. */
export function isDefanged(bank: PolicyBank, content: ContentFound | undefined, recipient: string): boolean {
  const map = bank.defang_maps_by_ccat;
  return (content?.all ?? onlyClean).some((contents) => {
    const own = categoryValue(map, contents, recipient);
    if (own !== "unset") return own === true;
    return plain[contents.category]?.(bank) || bank.defang_all || catchAllValue(map, recipient) === true;
  });
}

/** One form for each warning that recipients of a mail get. */
export function createDefang({ bank, mailId, transaction, facts }: Omit<JudgedMail, "arrival">) {
  const { message, envelope } = transaction;
  const known = new Map<string, Wrapping>();
  let within: readonly OctetRange[] | undefined;

  return function defang(content: ContentFound | undefined): Defanged {
    const text = warning(content, bank.myhostname);
    const isUtf8 = /(?:^| )SMTPUTF8(?: |$)/i.test(envelope.sender.parameters);
    const wrap = known.get(text) ?? around(message, text, `----------=_${mailId}`, isUtf8);
    known.set(text, wrap);
    within ??= fieldsWithin(message, facts.content.headerFaults ?? []);
    return { wrap, within };
  };
}

function around(message: MessageOctets, text: string, boundary: string, isUtf8: boolean): Wrapping {
  // RFC 6532 section 3.7: a header section in UTF-8 makes it global.
  const type = isUtf8 ? "message/global" : "message/rfc822";
  const encoding = isSevenBit(message) ? "7bit" : "8bit";
  return {
    heading:
      "MIME-Version: 1.0\r\n" +
      `Content-Type: multipart/mixed;\r\n boundary="${boundary}"\r\n` +
      `Content-Transfer-Encoding: ${encoding}\r\n`,
    before: [
      "This is a multi-part message in MIME format...",
      "",
      `--${boundary}`,
      textPart(text, ["Content-Disposition: inline", "Content-Description: Warning"]),
      `--${boundary}`,
      `Content-Type: ${type}; x-spam-type=original`,
      "Content-Disposition: attachment",
      "Content-Description: Original message",
      `Content-Transfer-Encoding: ${encoding}`,
      "",
      "",
    ].join("\r\n"),
    after: `\r\n--${boundary}--\r\n`,
  };
}

/** Of a spooled body nobody knows without reading it. */
function isSevenBit({ header, body }: MessageOctets): boolean {
  return body.kind === "memory" && isAscii(header) && body.chunks.every((chunk) => isAscii(chunk));
}

function warning(content: ContentFound | undefined, host: string): string {
  const lines = (content?.all ?? []).flatMap(({ category, minor }) => (minor === 0 ? [said(category, content)] : []));
  const found = lines.filter((line) => line !== undefined);
  return [
    ...(found.length === 0 ? ["This mail is passed on as an attachment."] : found),
    "",
    `The original mail is attached as it came. ${host}`,
    "",
  ].join("\n");
}

const maxNames = 20;

function said(category: Category, content: ContentFound | undefined): string | undefined {
  switch (category) {
    case "CC_VIRUS":
      return `WARNING: contains a virus: ${content?.viruses.slice(0, maxNames).join(", ")}`;
    case "CC_BANNED":
      return `WARNING: contains a banned part: ${content?.banned?.names.slice(0, maxNames).join(", ")}`;
    case "CC_UNCHECKED":
      return "WARNING: contains a part that could not be checked";
    case "CC_SPAMMY":
      return `WARNING: looks like spam: ${content?.score?.score ?? "?"} points`;
    case "CC_BADH":
      return `WARNING: bad header section: ${content?.headerFaults[0] ?? ""}`;
    default:
      return undefined;
  }
}

/**
 * Fields of MIME speak of the mail within. So do those with a fault, since a broken field is what somebody wants wrapped, and
 * whatever is no field or lies beyond those that were read.
 */
function fieldsWithin(
  { fields, header }: JudgedMail["transaction"]["message"],
  faults: readonly HeaderFault[],
): readonly OctetRange[] {
  const faulty = new Set(faults.flatMap(({ field, test }) => (field === undefined || test === "utf8" ? [] : field)));
  const within: OctetRange[] = [];
  let start = 0;
  for (const [place, { name, raw }] of fields.entries()) {
    const end = start + raw.length;
    if (name === "" || name === "mime-version" || name.startsWith("content-") || faulty.has(place)) {
      within.push({ start, end });
    }
    start = end;
  }
  if (start < header.length) within.push({ start, end: header.length });
  return within;
}
