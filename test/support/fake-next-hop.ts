// A next hop for tests: speaks SMTP or LMTP, keeps all it was told, and misbehaves on request.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { NextHop } from "../../src/smtp/next-hop.ts";
import { freePort } from "./free-port.ts";

export type Stage =
  | "connect"
  | "ehlo"
  | "helo"
  | "xforward"
  | "mail"
  | "rcpt"
  | "data"
  | "bdat"
  | "dot"
  | "rset"
  | "noop"
  | "quit"
  | "other";

/**
 * What a script is asked about. `dot` comes once per mail, in LMTP once per accepted recipient; by BDAT as well, once
 * the last chunk is in. `bdat` comes with the command, before its octets are read: a reply there is the one to that
 * command, and the octets are passed over.
 */
export interface Step {
  readonly stage: Stage;
  /** The command line without its end; for `dot` in LMTP the recipient's RCPT line. */
  readonly line: string;
  /** From 1: connections of this hop, mails of this connection, recipients of this mail. */
  readonly connection: number;
  readonly mail: number;
  readonly recipient: number;
}

/**
 * undefined: the usual answer. A string: these lines instead (CRLF is added; "" = fall silent for good). `end` also
 * ends the connection: "close" by FIN, "reset" by RST.
 */
export type Act = undefined | string | { readonly reply?: string; readonly end?: "close" | "reset" };

export interface FakeNextHopOptions {
  readonly protocol?: "smtp" | "lmtp";
  /** Path of a unix socket instead of a free port on 127.0.0.1. */
  readonly path?: string;
  readonly port?: number;
  /** EHLO keywords; the default is what a stock Postfix offers a peer it trusts. */
  readonly keywords?: readonly string[];
  /** Asked at each step; a promise delays the answer until it settles. */
  readonly script?: (step: Step) => Act | Promise<Act>;
  /** Called while content arrives, with the octets read of this mail so far. */
  readonly onContent?: (socket: Socket, bytes: number, connection: number) => void;
}

/** One mail that was taken: its final dot got a positive reply (in LMTP at least one). */
export interface ReceivedMail {
  readonly connection: number;
  /** Lines as they came: "MAIL FROM:<a@b> BODY=8BITMIME". */
  readonly mail: string;
  /** RCPT lines that got a positive reply. */
  readonly rcpts: readonly string[];
  /** XFORWARD attributes as sent, still in xtext. */
  readonly xforward: Readonly<Record<string, string>>;
  /** How the content came. */
  readonly by: "DATA" | "BDAT";
  /** The content, its dots taken out again where it came by DATA, final CRLF included. */
  readonly octets: Buffer;
}

export interface FakeNextHop {
  readonly nextHop: NextHop;
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Every command line of every connection, in order of arrival. */
  readonly lines: readonly string[];
  /** The chunks as read from the sockets: shows what was sent in one write. */
  readonly reads: readonly string[];
  readonly connections: number;
  /** Content that was begun and never ended. */
  readonly cutOff: number;
  /** Resolves when so many mails were taken, ever. */
  received(count: number): Promise<void>;
  /** Resolves when so many connections have ended, ever. */
  ended(count: number): Promise<void>;
  /** What it was told so far is let go: for runs of hours, between two mails. */
  forget(): void;
  /** Ends all connections. */
  hangUp(how?: "close" | "reset"): void;
  close(): Promise<void>;
}

export const postfixKeywords: readonly string[] = [
  "PIPELINING",
  "SIZE 10240000",
  "VRFY",
  "ETRN",
  "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT",
  "ENHANCEDSTATUSCODES",
  "8BITMIME",
  "DSN",
  "SMTPUTF8",
  "CHUNKING",
];

/** The same without CHUNKING: all content comes by DATA. */
export const dataKeywords: readonly string[] = postfixKeywords.filter((keyword) => keyword !== "CHUNKING");

const usual: Record<Exclude<Stage, "ehlo" | "bdat" | "other">, string> = {
  connect: "220 fake.example ESMTP",
  helo: "250 fake.example",
  xforward: "250 2.0.0 Ok",
  mail: "250 2.1.0 Ok",
  rcpt: "250 2.1.5 Ok",
  data: "354 End data with <CR><LF>.<CR><LF>",
  dot: "250 2.0.0 Ok: queued as FAKE",
  rset: "250 2.0.0 Ok",
  noop: "250 2.0.0 Ok",
  quit: "221 2.0.0 Bye",
};

/** Starts a next hop on a free port of 127.0.0.1. */
export async function startFakeNextHop(options: FakeNextHopOptions = {}): Promise<FakeNextHop> {
  const protocol = options.protocol ?? "smtp";
  const log: Log = { mails: [], lines: [], reads: [], cutOff: 0, ended: 0, changed: [] };
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections += 1;
    sockets.add(socket);
    const session = new FakeSession(socket, connections, options, log);
    socket.on("data", (chunk: Buffer) => session.read(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      session.ended();
      log.ended += 1;
      announce(log);
    });
    session.start();
  });
  await listen(server, options);
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    nextHop: options.path === undefined ? { protocol, host: "127.0.0.1", port } : { protocol, path: options.path },
    port,
    mails: log.mails,
    lines: log.lines,
    reads: log.reads,
    get connections() {
      return connections;
    },
    get cutOff() {
      return log.cutOff;
    },
    received: (count) => until(log, () => log.mails.length >= count),
    ended: (count) => until(log, () => log.ended >= count),
    forget() {
      for (const list of [log.mails, log.lines, log.reads]) list.length = 0;
    },
    hangUp(how = "close") {
      for (const socket of sockets) end(socket, how);
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface Log {
  readonly mails: ReceivedMail[];
  readonly lines: string[];
  readonly reads: string[];
  cutOff: number;
  ended: number;
  changed: (() => void)[];
}

class FakeSession {
  readonly #socket: Socket;
  readonly #connection: number;
  readonly #options: FakeNextHopOptions;
  readonly #log: Log;
  #buffer: Buffer = Buffer.alloc(0);
  #content: Buffer[] | undefined;
  #contentBytes = 0;
  #chunks: Buffer[] = [];
  /** The chunk whose octets are being read, and what is said instead of taking it. */
  #chunk: { left: number; readonly last: boolean; readonly refusal: string } | undefined;
  #working = false;
  #mails = 0;
  #recipients = 0;
  #mail = "";
  #rcpts: string[] = [];
  #xforward: Record<string, string> = {};

  constructor(socket: Socket, connection: number, options: FakeNextHopOptions, log: Log) {
    this.#socket = socket;
    this.#connection = connection;
    this.#options = options;
    this.#log = log;
  }

  start(): void {
    void this.#work(() => this.#step("connect", ""));
  }

  read(chunk: Buffer): void {
    this.#log.reads.push(chunk.toString("latin1", 0, 4096));
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    if (!this.#working) void this.#work(() => this.#advance());
  }

  ended(): void {
    if (this.#content !== undefined || this.#chunk !== undefined) this.#log.cutOff += 1;
  }

  /** One thing at a time: what arrives while an answer is delayed waits. */
  async #work(work: () => Promise<unknown>): Promise<void> {
    this.#working = true;
    await work();
    while (await this.#advance()) {}
    this.#working = false;
  }

  async #advance(): Promise<boolean> {
    if (this.#socket.destroyed || this.#buffer.length === 0) return false;
    if (this.#content !== undefined) return this.#readContent(this.#content);
    if (this.#chunk !== undefined) return this.#readChunk(this.#chunk);
    const end = this.#buffer.indexOf("\r\n");
    if (end === -1) return false;
    const line = this.#buffer.toString("latin1", 0, end);
    this.#buffer = this.#buffer.subarray(end + 2);
    this.#log.lines.push(line);
    await this.#command(line);
    return true;
  }

  async #command(line: string): Promise<void> {
    const verb = (line.split(" ", 1)[0] ?? "").toUpperCase();
    switch (verb) {
      case "EHLO":
      case "LHLO":
        this.#clear();
        await this.#step("ehlo", line);
        return;
      case "HELO":
        this.#clear();
        await this.#step("helo", line);
        return;
      case "XFORWARD":
        for (const pair of line.split(" ").slice(1)) {
          const [name = "", value = ""] = pair.split("=", 2);
          this.#xforward[name] = value;
        }
        await this.#step("xforward", line);
        return;
      case "MAIL":
        if (this.#mail !== "") return this.#say("503 5.5.1 Error: nested MAIL command");
        this.#mails += 1;
        this.#recipients = 0;
        if (isPositive(await this.#step("mail", line))) this.#mail = line;
        return;
      case "RCPT":
        if (this.#mail === "") return this.#say("503 5.5.1 Error: need MAIL command");
        this.#recipients += 1;
        if (isPositive(await this.#step("rcpt", line))) this.#rcpts.push(line);
        return;
      case "DATA":
        if (this.#mail === "") return this.#say("503 5.5.1 Error: need RCPT command");
        if (this.#rcpts.length === 0) return this.#say("554 5.5.1 Error: no valid recipients");
        if ((await this.#step("data", line)).startsWith("354")) {
          this.#content = [];
          this.#contentBytes = 0;
        }
        return;
      case "BDAT":
        return this.#bdat(line);
      case "RSET":
        this.#clear();
        await this.#step("rset", line);
        return;
      case "NOOP":
        await this.#step("noop", line);
        return;
      case "QUIT":
        await this.#step("quit", line);
        this.#socket.end();
        return;
      default:
        await this.#step("other", line);
    }
  }

  async #readContent(content: Buffer[]): Promise<boolean> {
    // The end may lie across two reads, so the last four octets stay in the buffer.
    const atStart =
      content.length === 0 && this.#buffer.length >= 3 && this.#buffer.toString("latin1", 0, 3) === ".\r\n";
    const end = atStart ? -2 : this.#buffer.indexOf("\r\n.\r\n");
    if (!atStart && end === -1) {
      const keep = Math.min(4, this.#buffer.length);
      const taken = this.#buffer.subarray(0, this.#buffer.length - keep);
      if (content.length === 0 && taken.length === 0) return false;
      if (taken.length > 0) content.push(taken);
      this.#contentBytes += taken.length;
      this.#buffer = this.#buffer.subarray(this.#buffer.length - keep);
      this.#options.onContent?.(this.#socket, this.#contentBytes, this.#connection);
      return false;
    }
    content.push(this.#buffer.subarray(0, end + 2));
    this.#buffer = this.#buffer.subarray(end + 5);
    this.#content = undefined;
    await this.#deliver("DATA", unstuffed(Buffer.concat(content)));
    return true;
  }

  /** Octets follow whatever is thought of the command, so a refusal waits until they are read (RFC 3030 section 2). */
  async #bdat(line: string): Promise<void> {
    const [, size, last] = /^BDAT (\d+)( LAST)?$/i.exec(line) ?? [];
    if (size === undefined) return this.#say("501 5.5.4 Syntax: BDAT count [LAST]");
    let refusal = "";
    if (this.#mail === "") refusal = "503 5.5.1 Error: need RCPT command";
    else if (this.#rcpts.length === 0) refusal = "554 5.5.1 Error: no valid recipients";
    const chunk = { left: Number(size), last: last !== undefined, refusal };
    if (refusal === "") {
      const step = { stage: "bdat", line, connection: this.#connection, mail: this.#mails, recipient: 1 } as const;
      const act = await this.#options.script?.(step);
      if (act === "") await new Promise(() => {});
      if (typeof act === "string") chunk.refusal = act;
      else if (act !== undefined) {
        if (act.reply !== undefined) this.#say(act.reply);
        if (act.end !== undefined) end(this.#socket, act.end);
        return;
      }
    }
    this.#chunk = chunk;
    this.#contentBytes = 0;
    if (chunk.left === 0) await this.#endChunk(chunk);
  }

  async #readChunk(chunk: { left: number; readonly last: boolean; readonly refusal: string }): Promise<boolean> {
    const octets = this.#buffer.subarray(0, chunk.left);
    this.#buffer = this.#buffer.subarray(octets.length);
    if (chunk.refusal === "") this.#chunks.push(octets);
    chunk.left -= octets.length;
    this.#contentBytes += octets.length;
    if (chunk.left > 0) {
      this.#options.onContent?.(this.#socket, this.#contentBytes, this.#connection);
      return false;
    }
    await this.#endChunk(chunk);
    return true;
  }

  async #endChunk({ last, refusal }: { readonly last: boolean; readonly refusal: string }): Promise<void> {
    this.#chunk = undefined;
    if (refusal !== "") {
      // As Postfix does: the sender is forgotten, the recipients are not; only RSET clears all.
      this.#mail = "";
      return this.#say(refusal);
    }
    if (!last) return this.#say("250 2.0.0 Ok");
    await this.#deliver("BDAT", Buffer.concat(this.#chunks));
  }

  async #deliver(by: "DATA" | "BDAT", octets: Buffer): Promise<void> {
    const { rcpts } = { rcpts: this.#rcpts };
    const lines = this.#options.protocol === "lmtp" ? rcpts : [this.#mail];
    const taken: string[] = [];
    for (const [index, line] of lines.entries()) {
      this.#recipients = index + 1;
      if (isPositive(await this.#step("dot", line))) taken.push(line);
    }
    if (taken.length > 0) {
      const kept = this.#options.protocol === "lmtp" ? taken : rcpts;
      const mail = { connection: this.#connection, mail: this.#mail, rcpts: kept, xforward: this.#xforward, octets };
      this.#log.mails.push({ ...mail, by });
      announce(this.#log);
    }
    this.#clear();
  }

  #clear(): void {
    this.#mail = "";
    this.#rcpts = [];
    this.#xforward = {};
    this.#chunks = [];
  }

  /** Does what the script says and gives the reply that went out. */
  async #step(stage: Stage, line: string): Promise<string> {
    const step: Step = {
      stage,
      line,
      connection: this.#connection,
      mail: this.#mails,
      recipient: this.#recipients,
    };
    const act = await this.#options.script?.(step);
    if (act === "") await new Promise(() => {});
    const reply = typeof act === "string" ? act : (act?.reply ?? (act?.end === undefined ? this.#usual(stage) : ""));
    if (reply !== "") this.#say(reply);
    if (typeof act === "object" && act.end !== undefined) end(this.#socket, act.end);
    return reply;
  }

  #usual(stage: Stage): string {
    if (stage === "other" || stage === "bdat") return "500 5.5.2 Error: command not recognized";
    if (stage !== "ehlo") return usual[stage];
    const lines = ["fake.example", ...(this.#options.keywords ?? postfixKeywords)];
    return lines.map((line, index) => `250${index === lines.length - 1 ? " " : "-"}${line}`).join("\r\n");
  }

  #say(reply: string): void {
    if (!this.#socket.destroyed) this.#socket.write(`${reply}\r\n`, "latin1");
  }
}

function end(socket: Socket, how: "close" | "reset"): void {
  // One whose FIN is still to leave cannot be reset: Node would keep its handle and loop at exit.
  if (how === "reset") socket.writableEnded ? socket.destroy() : socket.resetAndDestroy();
  else socket.end();
}

function isPositive(reply: string): boolean {
  return /^2\d\d/.test(reply);
}

/** RFC 5321 section 4.5.2, the reverse. */
function unstuffed(content: Buffer): Buffer {
  const text = content.toString("latin1");
  if (!text.startsWith(".") && !text.includes("\r\n.")) return content;
  return Buffer.from(text.replace(/(^|\r\n)\./g, "$1"), "latin1");
}

function announce(log: Log): void {
  for (const check of log.changed.splice(0)) check();
}

function until(log: Log, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (condition()) resolve();
      else log.changed.push(check);
    };
    check();
  });
}

async function listen(server: Server, options: FakeNextHopOptions): Promise<void> {
  if (options.path !== undefined) server.listen(options.path);
  else server.listen(options.port ?? (await freePort()), "127.0.0.1");
  await once(server, "listening");
}
