// The MTA's side of the milter protocol (version 6) as a source of load, packet for packet as Postfix speaks it: macros
// at each stage, those the milter named or Postfix's own, header fields one by one, body in pieces of 64 kB, and no word further before the milter has answered
// what it did not promise to leave unanswered. Milters are measured without an MTA, whose own work would hide theirs.
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadResult } from "../load/source.ts";
import { connectTo, type Place } from "./peer.ts";

export interface MilterLoad {
  readonly place: Place;
  readonly message: Uint8Array;
  readonly messages: number;
  /** Sessions at a time. */
  readonly connections: number;
  /** Several mails in one SMTP session, which is one connection to the milter, or one. */
  readonly reuse: boolean;
  /** A mail is started at each tick of this rate, whatever became of the last, `connections` aside. */
  readonly ratePerSecond?: number;
  /** The client the MTA tells of. */
  readonly client: { readonly name: string; readonly address: string };
  /** Whether a header field that the milter put in shows that it did its work. */
  treats(name: string, value: string): boolean;
}

export interface MilterResult extends LoadResult {
  /** Mails that got a field which shows the work. */
  readonly treated: number;
}

/** Bits of the protocol mask by which a milter says what it does not want to be sent, or does not answer. */
const skips: Readonly<Record<string, readonly [unwanted: number, unanswered: number]>> = {
  C: [0x1, 0x1000],
  H: [0x2, 0x2000],
  M: [0x4, 0x4000],
  R: [0x8, 0x8000],
  T: [0x200, 0x10000],
  L: [0x20, 0x80],
  N: [0x40, 0x40000],
  B: [0x10, 0x80000],
};
/** The milter names the macros it wants (SMFIF_SETSYMLIST), by the number of their stage (SMFIM_*). */
const namesMacros = 0x100;
const stages = "CHMRTEN";
/** The milter wants header values with the space after the colon. */
const leadingSpace = 0x100000;

const pieceBytes = 65_535;
const timeoutMs = 60_000;

function packet(command: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(data.length + 1);
  head.write(command, 4, "latin1");
  return Buffer.concat([head, data]);
}

function text(...words: readonly string[]): Buffer {
  return Buffer.from(words.map((word) => `${word}\0`).join(""), "latin1");
}

/** What stays the same for all mails, made ready once. */
interface Script {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly load: MilterLoad;
}

class Session {
  readonly #socket: Socket;
  readonly #load: MilterLoad;
  #buffered: Buffer = Buffer.alloc(0);
  #unsent: Buffer[] = [];
  #mask = 0;
  /** Names of macros by step; absent where the milter leaves it to the MTA. */
  readonly #wanted = new Map<string, readonly string[]>();
  #answer: { resolve(command: string): void; reject(error: Error): void } | undefined;
  #early: string[] = [];
  #gone = false;
  treated = false;

  constructor(load: MilterLoad) {
    this.#load = load;
    this.#socket = connectTo(load.place);
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#socket.on("error", () => this.destroy());
    this.#socket.on("close", () => this.destroy());
  }

  destroy(): void {
    this.#gone = true;
    this.#socket.destroy();
    this.#answer?.reject(new Error("the milter closed the connection"));
    this.#answer = undefined;
  }

  /** The session up to the first mail. */
  async open(): Promise<void> {
    this.#unsent.push(packet("O", Buffer.from([0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff])));
    await this.#flush();
    const { name, address } = this.#load.client;
    this.#macros("C", "j", "mx.example.net", "{daemon_name}", "mx.example.net", "v", "Postfix 3.7.11");
    await this.#say("C", Buffer.concat([text(name), Buffer.from("4\x9c\x40", "latin1"), text(address)]));
    await this.#say("H", text(name));
  }

  /** One mail, up to the milter's last word on it. */
  async mail({ fields, body }: Script, id: string): Promise<void> {
    this.treated = false;
    this.#macros(
      "M",
      "i",
      id,
      "{mail_addr}",
      "alice@example.com",
      "{mail_host}",
      "[127.0.0.1]",
      "{mail_mailer}",
      "smtp",
    );
    if (await this.#say("M", text("<alice@example.com>"))) return;
    this.#macros(
      "R",
      "i",
      id,
      "{rcpt_addr}",
      "someone@example.net",
      "{rcpt_host}",
      "example.net",
      "{rcpt_mailer}",
      "smtp",
    );
    if (await this.#say("R", text("<someone@example.net>"))) return;
    this.#macros("T", "i", id);
    if (await this.#say("T", Buffer.alloc(0))) return;
    const space = (this.#mask & leadingSpace) === 0 ? "" : " ";
    for (const [name, value] of fields) if (await this.#say("L", text(name, `${space}${value}`))) return;
    this.#macros("N", "i", id);
    if (await this.#say("N", Buffer.alloc(0))) return;
    for (let at = 0; at < body.length; at += pieceBytes) {
      const over = await this.#say("B", body.subarray(at, at + pieceBytes));
      if (over === "s") break;
      if (over) return;
    }
    this.#macros("E", "i", id);
    this.#unsent.push(packet("E", Buffer.alloc(0)));
    await this.#flush();
  }

  quit(): void {
    this.#gone = true;
    this.#socket.end(packet("Q", Buffer.alloc(0)));
  }

  #takeWanted(lists: Buffer): void {
    for (let at = 0; at + 4 < lists.length; ) {
      const end = lists.indexOf(0, at + 4);
      const names = lists
        .toString("latin1", at + 4, end)
        .split(" ")
        .filter(Boolean);
      this.#wanted.set(stages[lists.readUInt32BE(at)] ?? "", names);
      at = end + 1;
    }
  }

  #macros(stage: string, ...pairs: readonly string[]): void {
    const wanted = this.#wanted.get(stage);
    const given = wanted === undefined ? pairs : wanted.flatMap((name) => macroOf(name, pairs));
    if (given.length === 0) return;
    this.#unsent.push(packet("D", Buffer.concat([Buffer.from(stage, "latin1"), text(...given)])));
  }

  /** Its answer when that ends the mail or, "s", the body; false when the MTA goes on. */
  async #say(command: string, data: Uint8Array): Promise<string | false> {
    const [unwanted, unanswered] = skips[command] ?? [0, 0];
    if ((this.#mask & unwanted) !== 0) return false;
    this.#unsent.push(packet(command, data));
    if ((this.#mask & unanswered) !== 0) return false;
    const answer = await this.#flush();
    return answer === "c" ? false : answer;
  }

  /** What has piled up goes out when an answer is waited for, in one write. */
  #flush(): Promise<string> {
    if (this.#gone) return Promise.reject(new Error("the milter closed the connection"));
    this.#socket.write(Buffer.concat(this.#unsent));
    this.#unsent = [];
    const early = this.#early.shift();
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
  }

  #read(chunk: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
    while (this.#buffered.length >= 5 && this.#buffered.length >= 4 + this.#buffered.readUInt32BE(0)) {
      const length = this.#buffered.readUInt32BE(0);
      const command = String.fromCharCode(this.#buffered[4] ?? 0);
      const data = this.#buffered.subarray(5, 4 + length);
      this.#buffered = this.#buffered.subarray(4 + length);
      this.#take(command, data);
    }
  }

  #take(command: string, data: Buffer): void {
    if (command === "h" || command === "i") {
      // An insertion says where before what.
      const [name = "", value = ""] = data.toString("latin1", command === "i" ? 4 : 0).split("\0");
      if (this.#load.treats(name, value)) this.treated = true;
    } else if (command === "O") {
      this.#mask = data.readUInt32BE(8);
      if ((data.readUInt32BE(4) & namesMacros) !== 0) this.#takeWanted(data.subarray(12));
    }
    // Whatever else it changes, and "progress", is no answer.
    if (!"Ocartyds".includes(command)) return;
    const waiting = this.#answer;
    this.#answer = undefined;
    if (waiting === undefined) this.#early.push(command);
    else waiting.resolve(command);
  }
}

/** The macro as Postfix sends it, where it has it: {auth_type} only for clients that have logged in. */
function macroOf(name: string, pairs: readonly string[]): readonly string[] {
  const at = pairs.indexOf(name);
  return at === -1 ? [] : pairs.slice(at, at + 2);
}

/** Sends `messages` mails and says how long each took, connecting included where each has a session of its own. */
export async function runMilterLoad(load: MilterLoad): Promise<MilterResult> {
  const octets = Buffer.from(load.message.buffer, load.message.byteOffset, load.message.byteLength);
  const end = octets.indexOf("\r\n\r\n");
  const fields = octets
    .toString("latin1", 0, end)
    .split(/\r\n(?![ \t])/)
    .map((field): readonly [string, string] => {
      const colon = field.indexOf(":");
      const value = field.slice(colon + 1).trimStart();
      return [field.slice(0, colon), value.replaceAll("\r\n", "\n")];
    });
  const script: Script = { fields, body: octets.subarray(end + 4), load };
  const latenciesMs: number[] = [];
  const open = new Set<Session>();
  /** Sessions that wait for their next mail. */
  const idle: Session[] = [];
  let [started, broken, treated, over, lateMs] = [0, 0, 0, false, 0];

  async function mail(): Promise<void> {
    started += 1;
    const at = performance.now();
    let session = idle.pop();
    try {
      if (session === undefined) {
        session = new Session(load);
        open.add(session);
        await session.open();
      }
      await session.mail(script, `4XyZ${started}`);
      latenciesMs.push(performance.now() - at);
      if (session.treated) treated += 1;
      if (load.reuse) {
        idle.push(session);
        return;
      }
      session.quit();
    } catch {
      broken += 1;
    }
    if (session !== undefined) open.delete(session);
  }

  async function client(): Promise<void> {
    while (!over && started < load.messages) await mail();
  }

  async function atRate(rate: number): Promise<void> {
    const mails: Promise<void>[] = [];
    while (!over && started < load.messages) {
      const due = startedAt + (started * 1000) / rate;
      if (performance.now() < due) await sleep(1);
      else {
        lateMs = Math.max(lateMs, performance.now() - due);
        mails.push(mail());
      }
    }
    await Promise.all(mails);
  }

  const startedAt = performance.now();
  const late = setTimeout(() => {
    over = true;
    for (const session of open) session.destroy();
  }, timeoutMs);
  if (load.ratePerSecond === undefined) await Promise.all(Array.from({ length: load.connections }, client));
  else await atRate(load.ratePerSecond);
  clearTimeout(late);
  for (const session of idle) session.quit();
  return {
    sent: latenciesMs.length,
    refused: 0,
    broken,
    seconds: (performance.now() - startedAt) / 1000,
    latenciesMs: latenciesMs.sort((a, b) => a - b),
    lateMs,
    treated,
  };
}
