// Before a mail is signed: what MTAs behind us would change in it, and so break the signature by, is written so that they need
// not. Verification is over by then, on the octets that came.
import type { HeaderEdits } from "../../mail/edit.ts";
import type { HeaderField } from "../../mail/header.ts";
import type { Body, MemoryBody, Message } from "../../mail/message.ts";
import type { BreakingPlace, SurvivalRecord } from "../../mail/survival.ts";
import {
  type BreakScan,
  createBreakScan,
  type FieldChanges,
  hasLongField,
  type Survival,
} from "../../mime/survival.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import { PoolSaturated } from "../../pool/worker-pool.ts";
import type { JudgedMail, Leaving } from "../mail.ts";

export interface SurviveNeeds {
  makeSurvive(message: Pick<Message, "header" | "fields">, body: MemoryBody): Promise<Survival>;
}

export interface Surviving {
  readonly leaving: readonly Leaving[];
  /** Absent where nothing was found. */
  readonly survival?: SurvivalRecord;
}

/** `signs`: the mail will be signed by us. Other mail is not changed: nothing of ours can break in it. */
export type Survive = (mail: JudgedMail, leaving: readonly Leaving[], signs: boolean) => Surviving | Promise<Surviving>;

const noBody: MemoryBody = { kind: "memory", sizeBytes: 0, chunks: [] };
/** Places of one mail that are told. */
const maxPlaces = 20;

export function createSurvive({ makeSurvive }: SurviveNeeds): Survive {
  async function prepare(mail: JudgedMail, leaving: readonly Leaving[], mode: "check" | "fix"): Promise<Surviving> {
    const { message } = mail.transaction;
    const scan = await scanBody(message.body);
    if (!scan.eightBit && !scan.longLine && !hasLongField(message.fields)) return { leaving };
    // The header of a mail that is not held in memory can be mended all the same.
    const tooLarge = message.body.kind === "memory" ? [] : left(scan, "too-large");
    let found: Survival;
    try {
      found = await makeSurvive(message, message.body.kind === "memory" ? message.body : noBody);
    } catch (error) {
      // Later there may be room for it.
      if (error instanceof PoolSaturated) throw error;
      return { leaving, survival: { result: "checked", places: left(scan, "failed") } };
    }
    const places = [...found.places, ...tooLarge].slice(0, maxPlaces);
    if (mode === "check") return { leaving, survival: { result: "checked", places } };
    if (leaving.some(({ edits }) => edits.wrap !== undefined)) {
      return { leaving, survival: { result: "checked", places: left(scan, "wrapped") } };
    }
    const changed = new Map<HeaderEdits, HeaderEdits>();
    for (const { edits } of leaving) {
      if (!changed.has(edits)) changed.set(edits, withSurvival(edits, found, message.fields));
    }
    return {
      leaving: leaving.map((each) => ({ ...each, edits: changed.get(each.edits) ?? each.edits })),
      survival: { result: "fixed", places },
    };
  }

  return function survive(mail, leaving, signs) {
    const mode = survivalMode(mail.bank);
    const { envelope, message } = mail.transaction;
    if (mode === "off" || (mode === "fix" && !signs) || message.cut !== undefined) return { leaving };
    // A next hop that takes such mail takes 8-bit mail as well (RFC 6531 section 3.1).
    if (/(?:^| )SMTPUTF8(?: |$)/i.test(envelope.sender.parameters)) return { leaving };
    return prepare(mail, leaving, mode);
  };
}

/** Unless the bank says so: mail of ours is made 7-bit where 8BITMIME is hidden for just that. */
export function survivalMode({
  survival,
  originating,
  smtpd_discard_ehlo_keywords,
}: Pick<PolicyBank, "survival" | "originating" | "smtpd_discard_ehlo_keywords">): "off" | "check" | "fix" {
  if (survival !== null) return survival;
  return originating && smtpd_discard_ehlo_keywords.includes("8BITMIME") ? "fix" : "off";
}

async function scanBody(body: Body): Promise<BreakScan> {
  const scan = createBreakScan();
  if (body.kind === "memory") for (const chunk of body.chunks) scan.push(chunk);
  else for await (const chunk of body.read()) scan.push(chunk);
  return scan;
}

function left({ eightBit, longLine }: BreakScan, why: "too-large" | "wrapped" | "failed"): readonly BreakingPlace[] {
  return [
    ...(eightBit ? [{ at: "1", what: "8-bit", left: why } as const] : []),
    ...(longLine ? [{ at: "1", what: "long-line", left: why } as const] : []),
  ];
}

/** What is done to a field already has the last word on it. */
function withSurvival(
  edits: HeaderEdits,
  { fields: changes, body }: Survival,
  fields: readonly HeaderField[],
): HeaderEdits {
  const taken = [...edits.remove, ...edits.replace];
  const replaced = rangesOf(changes, fields).filter(
    ({ start, end }) => !taken.some((other) => start < other.end && other.start < end),
  );
  return {
    ...edits,
    add: [...edits.add, ...changes.added],
    replace: [...edits.replace, ...replaced].sort((one, other) => one.start - other.start),
    ...(body !== undefined && { body: { kind: "memory", sizeBytes: body.length, chunks: [body] } }),
  };
}

function rangesOf({ replaced }: FieldChanges, fields: readonly HeaderField[]): HeaderEdits["replace"] {
  const ranges: HeaderEdits["replace"][number][] = [];
  let start = 0;
  for (const [index, { raw }] of fields.entries()) {
    const end = start + raw.length;
    const text = replaced.get(index);
    if (text !== undefined) ranges.push({ start, end, octets: Buffer.from(text, "latin1") });
    start = end;
  }
  return ranges;
}
