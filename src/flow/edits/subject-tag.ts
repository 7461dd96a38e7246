// The tag before the subject of mail that is spam, infected or could not be looked through: which one a recipient has, and
// the subject with it (amavis.md 7.3).

import type { OctetRange, Replacement } from "../../mail/edit.ts";
import { encodeUnstructured } from "../../mail/encoded-word.ts";
import { asBuffer, maxLineOctets } from "../../mail/header.ts";
import type { Message } from "../../mail/message.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import { categoryValue } from "../../policy/category-maps.ts";
import type { ContentFound, Contents } from "../../policy/decision.ts";

/** What a tag may name beside the score. */
export interface TagNames {
  readonly myhostname: string;
  readonly receivedAtMs: number;
  readonly logId: string;
  readonly mailId: string;
}

/** The first tag that is not empty, from the most important category down, filled in; undefined where there is none. */
export function subjectTag(
  bank: PolicyBank,
  content: ContentFound,
  recipient: string,
  names: TagNames,
): string | undefined {
  for (const contents of content.all) {
    const own = categoryValue(bank.subject_tag_maps_by_ccat, contents, recipient);
    const tag = own === "unset" ? plainTag(bank, contents, recipient) : own;
    if (tag !== undefined && tag !== "") return filled(tag, content, names);
  }
  return undefined;
}

function plainTag(bank: PolicyBank, { category, minor }: Contents, recipient: string): string | undefined {
  if (category === "CC_VIRUS") return "***INFECTED*** ";
  if (category === "CC_UNCHECKED") return bank.undecipherable_subject_tag ?? undefined;
  const map =
    category === "CC_SPAMMY"
      ? minor === 1
        ? bank.spam_subject_tag3_maps
        : bank.spam_subject_tag2_maps
      : category === "CC_CLEAN" && minor === 1
        ? bank.spam_subject_tag_maps
        : undefined;
  if (map === undefined || bank.spam_modifies_subj_maps.first(recipient)?.value === false) return undefined;
  return map.first(recipient)?.value;
}

function filled(tag: string, { all, score }: ContentFound, names: TagNames): string {
  const isSpammy = all.some(({ category }) => category === "CC_SPAMMY");
  const time = new Date(names.receivedAtMs);
  const values: Readonly<Record<string, string>> = {
    SCORE: points(score?.score ?? 0),
    REQD: score?.tag2 === undefined ? "-" : points(score.tag2),
    YESNO: isSpammy ? "Yes" : "No",
    YESNOCAPS: isSpammy ? "YES" : "NO",
    HOSTNAME: names.myhostname,
    DATE: time.toUTCString().replace("GMT", "+0000"),
    U: time.toISOString().replace(/[-:]|\.\d+/g, ""),
    LOGID: names.logId,
    MAILID: names.mailId,
  };
  return tag.replace(/_([A-Z]+)_/g, (whole: string, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? "") : whole,
  );
}

function points(value: number): string {
  return String(Number(value.toFixed(3)));
}

export type TaggedSubject = { readonly replace: Replacement } | { readonly add: string };

/**
 * `removed`: ranges of fields that do not leave; a Subject among them is none.
 *
 * The first Subject with the tag before its text, all else of it as it came; a Subject of its own where there is none.
 * A tag that is not ASCII is an encoded word, which a blank parts from what follows.
 */
export function taggedSubject(
  { fields }: Pick<Message, "fields">,
  tag: string,
  removed: readonly OctetRange[] = [],
): TaggedSubject {
  const encoded = encodeUnstructured(tag);
  let start = 0;
  for (const { name, raw } of fields) {
    const end = start + raw.length;
    const at = start;
    if (name === "subject" && !removed.some((range) => range.start <= at && at < range.end)) {
      const text = asBuffer(raw).toString("latin1");
      const colon = text.indexOf(":") + 1;
      const rest = text.slice(colon).replace(/^[ \t]/, "");
      const octets = `${text.slice(0, colon)} ${joined(encoded, rest, colon)}`;
      return { replace: { start, end, octets: Buffer.from(octets, "latin1") } };
    }
    start = end;
  }
  return { add: `Subject: ${encoded.trimEnd()}\r\n` };
}

function joined(tag: string, rest: string, nameOctets: number): string {
  const isWord = tag.endsWith("?=");
  const startsWord = rest.startsWith("=?");
  const apart = (isWord || startsWord) && !tag.endsWith(" ") && !rest.startsWith("\r\n") ? " " : "";
  const firstLine = rest.indexOf("\r\n");
  const line = nameOctets + 1 + tag.length + apart.length + (firstLine === -1 ? rest.length : firstLine);
  // A line of blanks must not come about: what follows is text then.
  return line > maxLineOctets && !/^[ \t]*\r\n/.test(rest) ? `${tag.trimEnd()}\r\n ${rest}` : `${tag}${apart}${rest}`;
}
