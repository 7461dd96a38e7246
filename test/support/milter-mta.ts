// An MTA as milters know it: goes by what was negotiated, waits for answers where they are due, and makes the changes that the
// milter asks for, as Postfix and sendmail make them.
import { connectMilter, type MilterClient, type MilterPacket } from "./milter-client.ts";

export interface MilterAnswer {
  /** "c" continue, "a" accept, "r", "t", "d", or "y" with its reply. */
  readonly word: string;
  readonly reply?: string;
  /** The mail with all changes made, CRLF line ends. */
  readonly octets: Buffer;
}

export interface MtaSession {
  /** @param octets a mail with CRLF line ends whose header has lines of fields alone */
  send(octets: Buffer, envelope: { readonly from: string; readonly to: readonly string[] }): Promise<MilterAnswer>;
  close(): void;
}

/** Steps that are left out (SMFIP_NO*), and that get no answer (SMFIP_NR_*), by command letter. */
const leftOut: Readonly<Record<string, number>> = { C: 0x1, H: 0x2, M: 0x4, R: 0x8, B: 0x10, L: 0x20, N: 0x40 };
const unanswered: Readonly<Record<string, number>> = {
  ...{ C: 0x1000, H: 0x2000, M: 0x4000, R: 0x8000, L: 0x80, N: 0x40000, B: 0x80000 },
};
const leadingSpace = 0x100000;
const final = "artdy";

/** @param client host name and IPv4 address of the client that the MTA speaks for */
export async function connectMta(
  at: { readonly port: number } | { readonly path: string },
  client: { readonly name: string; readonly address: string },
): Promise<MtaSession> {
  const milter = await connectMilter(at);
  const agreed = (await milter.negotiate()).data;
  const steps = agreed.readUInt32BE(8);
  await step(
    milter,
    steps,
    "C",
    Buffer.concat([Buffer.from(`${client.name}\x004`), Buffer.of(0x30, 0x39), Buffer.from(`${client.address}\0`)]),
  );
  await step(milter, steps, "H", `${client.name}\0`);
  return {
    send: (octets, envelope) => sendMail(milter, steps, octets, envelope),
    close() {
      milter.send("Q");
      milter.close();
    },
  };
}

/** Undefined where the mail goes on. */
async function step(
  milter: MilterClient,
  steps: number,
  command: string,
  data: Buffer | string,
): Promise<MilterPacket | undefined> {
  if ((steps & (leftOut[command] ?? 0)) !== 0) return undefined;
  milter.send(command, data);
  if ((steps & (unanswered[command] ?? 0)) !== 0) return undefined;
  const answer = await milter.next();
  return final.includes(answer.command) ? answer : undefined;
}

async function sendMail(
  milter: MilterClient,
  steps: number,
  octets: Buffer,
  { from, to }: { readonly from: string; readonly to: readonly string[] },
): Promise<MilterAnswer> {
  const { fields, body } = cut(octets);
  const keepsBlank = (steps & leadingSpace) !== 0;
  const over = (answer: MilterPacket): MilterAnswer => ({ ...wordOf(answer), octets });
  const early =
    (await step(milter, steps, "M", `<${from}>\0`)) ??
    (await inTurn(to, (address) => step(milter, steps, "R", `<${address}>\0`))) ??
    (await inTurn(fields, ([name, value]) =>
      step(milter, steps, "L", Buffer.from(`${name}\0${keepsBlank ? value : value.replace(/^ /, "")}\0`, "latin1")),
    )) ??
    (await step(milter, steps, "N", "")) ??
    (await inTurn(pieces(body), (piece) => step(milter, steps, "B", piece)));
  if (early !== undefined) return over(early);
  milter.send("E");
  let replaced: Buffer[] | undefined;
  const changed = [...fields];
  for (;;) {
    const packet = await milter.next();
    const { command, data } = packet;
    if (command === "c" || final.includes(command)) {
      return { ...wordOf(packet), octets: print(changed, replaced === undefined ? body : Buffer.concat(replaced)) };
    }
    const numbered = command === "i" || command === "m";
    const [name = "", value = ""] = data.toString("latin1", numbered ? 4 : 0).split("\0");
    const written = keepsBlank ? value : ` ${value}`;
    const place = numbered ? data.readUInt32BE(0) : 0;
    if (command === "h") changed.push([name, written]);
    else if (command === "i") changed.splice(Math.max(0, place - (place === 0 ? 0 : 1)), 0, [name, written]);
    else if (command === "b") replaced = [...(replaced ?? []), data];
    else if (command === "m") {
      const places = changed.flatMap((field, index) => (field[0].toLowerCase() === name.toLowerCase() ? [index] : []));
      const at = places[Math.max(1, place) - 1];
      if (at !== undefined) changed.splice(at, 1, ...(value === "" ? [] : [[name, written] as const]));
    }
  }
}

async function inTurn<T>(
  values: readonly T[],
  send: (value: T) => Promise<MilterPacket | undefined>,
): Promise<MilterPacket | undefined> {
  for (const value of values) {
    const answer = await send(value);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function wordOf({ command, data }: MilterPacket): Pick<MilterAnswer, "word" | "reply"> {
  return command === "y" ? { word: command, reply: data.toString("latin1").replace(/\0$/, "") } : { word: command };
}

type Field = readonly [name: string, value: string];

/** MTAs keep lines of a field with LF alone. */
function cut(octets: Buffer): { readonly fields: readonly Field[]; readonly body: Buffer } {
  const end = octets.indexOf("\r\n\r\n");
  const header = (end === -1 ? octets : octets.subarray(0, end + 2)).toString("latin1");
  const fields = header
    .split(/\r\n(?![ \t])/)
    .filter((field) => field !== "")
    .map((field): Field => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1).replaceAll("\r\n", "\n")];
    });
  return { fields, body: end === -1 ? Buffer.alloc(0) : octets.subarray(end + 4) };
}

function print(fields: readonly Field[], body: Buffer): Buffer {
  const header = fields.map(([name, value]) => `${name}:${value.replaceAll("\n", "\r\n")}\r\n`).join("");
  return Buffer.concat([Buffer.from(`${header}\r\n`, "latin1"), body]);
}

function pieces(body: Buffer): readonly Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at < body.length; at += 65_535) all.push(body.subarray(at, at + 65_535));
  return all;
}
