// What is to become of a mail, as packets: header edits, recipients, and the last word. The MTA makes the changes; octets
// that no edit names are never sent back.
import type { HeaderEdits } from "../mail/edit.ts";
import { asBuffer, type HeaderField, isUnread, splitHeader } from "../mail/header.ts";
import type { MessageHead } from "../mail/message.ts";
import { cleanReplyText, isPositive, type Reply } from "../smtp/reply.ts";
import type { Agreed } from "./negotiate.ts";
import { packet } from "./packet.ts";

/** What the flow decided on a mail that came by milter. */
export interface MilterVerdict {
  readonly reply: Reply;
  /** The same for all recipients: an MTA has one header. */
  readonly edits: HeaderEdits;
  /** Nobody is to get it, and nobody is told. */
  readonly discarded: boolean;
  /** Recipients as they came that are not to get it, and new ones that are. */
  readonly removedRecipients: readonly string[];
  readonly addedRecipients: readonly string[];
  /** The MTA is to hold the mail until somebody releases it there; the text says why. */
  readonly hold?: string;
}

/** What the MTA would have to let us do, and does not: the mail must not go on without it. */
export type Missing =
  | "addHeaders"
  | "changeBody"
  | "changeHeaders"
  | "addRecipients"
  | "removeRecipients"
  | "quarantine";

/** What `agreed` lacks for this verdict. */
export function missingFor(
  { edits, addedRecipients, removedRecipients, hold }: MilterVerdict,
  agreed: Agreed,
): readonly Missing[] {
  const needed: Missing[] = [];
  if (edits.add.length > 0) needed.push("addHeaders");
  if (edits.remove.length > 0 || edits.replace.length > 0) needed.push("changeHeaders");
  if (edits.body !== undefined) needed.push("changeBody");
  if (addedRecipients.length > 0) needed.push("addRecipients");
  if (removedRecipients.length > 0) needed.push("removeRecipients");
  if (hold !== undefined) needed.push("quarantine");
  return needed.filter((action) => !agreed.may(action));
}

/** The packets that answer the end of a message. `head` is the header as it came. */
export function answerTo(verdict: MilterVerdict, head: MessageHead, agreed: Agreed): readonly Buffer[] {
  if (!isPositive(verdict.reply)) return [replyPacket(verdict.reply)];
  if (verdict.discarded) return [packet("d")];
  return [
    ...headerPackets(verdict.edits, head, agreed.leadingSpace),
    ...bodyPackets(verdict.edits),
    ...verdict.removedRecipients.map((address) => packet("-", `<${address}>\0`)),
    ...verdict.addedRecipients.map((address) => packet("+", `<${address}>\0`)),
    ...(verdict.hold === undefined ? [] : [packet("q", `${cleanReplyText(verdict.hold)}\0`)]),
    packet("c"),
  ];
}

/** SMFIR_REPLYCODE. Postfix and sendmail read "%%" as one "%". */
export function replyPacket({ code, enhanced, text }: Reply): Buffer {
  const words = `${code} ${enhanced === "" ? "" : `${enhanced} `}${cleanReplyText(text)}`;
  return packet("y", `${words.replaceAll("%", "%%")}\0`);
}

/**
 * Changes from the bottom up, so that places named by number stay true; then additions, the last on top first.
 * SMFIR_CHGHEADER counts the fields of one name from 1; an empty value takes the field out.
 */
function headerPackets(edits: HeaderEdits, head: MessageHead, leadingSpace: boolean): readonly Buffer[] {
  const packets: Buffer[] = [];
  const changes = placesOf(edits, head);
  for (const { name, nth, field } of changes.reverse()) {
    const value = field === undefined ? "" : givenValue(field, leadingSpace);
    packets.push(packet("m", Buffer.concat([uint32(nth), latin1(`${name}\0${value}\0`)])));
  }
  for (const field of edits.add.toReversed()) {
    const name = field.slice(0, field.indexOf(":"));
    packets.push(packet("i", Buffer.concat([uint32(0), latin1(`${name}\0${givenValue(field, leadingSpace)}\0`)])));
  }
  return packets;
}

/** The MTA writes a blank after the colon itself, unless it was agreed that values have theirs. */
function givenValue(field: string, leadingSpace: boolean): string {
  const value = withoutLineEnd(field.slice(field.indexOf(":") + 1));
  return leadingSpace ? value : value.replace(/^ /, "");
}

/** Octets of a piece of a body at most (MILTER_CHUNK_SIZE of sendmail's mfdef.h). */
const bodyPieceBytes = 65_535;

/** SMFIR_REPLBODY: the whole of it, since nothing less can be said. */
function bodyPackets({ body }: HeaderEdits): readonly Buffer[] {
  if (body === undefined) return [];
  const packets: Buffer[] = [];
  for (const chunk of body.chunks) {
    const octets = asBuffer(chunk);
    for (let at = 0; at < octets.length; at += bodyPieceBytes) {
      packets.push(packet("b", octets.subarray(at, at + bodyPieceBytes)));
    }
  }
  return packets;
}

interface Change {
  readonly name: string;
  readonly nth: number;
  /** The field that takes its place; undefined takes it out. */
  readonly field: string | undefined;
}

/** Edits name whole fields by their octets; here they become a name and which of that name, from top to bottom. */
function placesOf({ remove, replace }: HeaderEdits, head: MessageHead): Change[] {
  if (remove.length === 0 && replace.length === 0) return [];
  const ends = new Map(remove.map(({ start, end }) => [start, end]));
  const replaced = new Map(replace.map((each) => [each.start, each]));
  const seen = new Map<string, number>();
  const changes: Change[] = [];
  let at = 0;
  let removedTo = 0;
  let copiedTo = 0;
  /** What is to stay of the fields up to `copiedTo`, the next one last. */
  let copied: HeaderField[] = [];
  for (const { name, raw } of allFields(head)) {
    // An MTA may have fields whose names are none to us: it counts those of one name, too.
    const counted = name === "" ? nameOf(raw).toLowerCase() : name;
    const nth = (seen.get(counted) ?? 0) + 1;
    seen.set(counted, nth);
    removedTo = ends.get(at) ?? removedTo;
    const replacement = replaced.get(at);
    const isOne = replacement?.end === at + raw.length;
    if (replacement !== undefined && !isOne) {
      copiedTo = replacement.end;
      copied = splitHeader(replacement.octets, unlimited).fields.toReversed();
    }
    if (at < removedTo) changes.push({ name: nameOf(raw), nth, field: undefined });
    else if (replacement !== undefined && isOne) {
      changes.push({ name: nameOf(raw), nth, field: asBuffer(replacement.octets).toString("latin1") });
    } else if (at < copiedTo) {
      const next = copied.at(-1);
      if (next !== undefined && asBuffer(next.raw).equals(raw)) copied.pop();
      else changes.push({ name: nameOf(raw), nth, field: undefined });
    }
    at += raw.length;
  }
  return changes;
}

const unlimited = {
  maxBytes: Number.MAX_SAFE_INTEGER,
  maxFields: Number.POSITIVE_INFINITY,
  maxLines: Number.POSITIVE_INFINITY,
};

/** Those beyond the limits of a header as well: an edit may take out one of them, and the MTA counts them all. */
function allFields({ header, fields, cut }: MessageHead): readonly HeaderField[] {
  return isUnread(cut) ? splitHeader(header, unlimited).fields : fields;
}

/** As it is written in the mail: MTAs compare without regard to case. */
function nameOf(raw: Uint8Array): string {
  const text = asBuffer(raw).toString("latin1", 0, 1000);
  return text.slice(0, text.indexOf(":")).replace(/[ \t]+$/, "");
}

/** MTAs keep header lines with LF alone. */
function withoutLineEnd(value: string): string {
  return value.replace(/\r\n$/, "").replaceAll("\r\n", "\n");
}

function uint32(value: number): Buffer {
  const octets = Buffer.allocUnsafe(4);
  octets.writeUInt32BE(value, 0);
  return octets;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
