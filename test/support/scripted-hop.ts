// A next hop without sockets: what the outgoing side says to it is noted, what it says comes from a script.
import type { OnReadOpts } from "node:net";
import { Duplex } from "node:stream";
import type { Dial } from "../../src/relay/dial.ts";
import type { NextHop } from "../../src/smtp/next-hop.ts";

export interface HopScript {
  /** EHLO keywords; PIPELINING alone unless given. */
  readonly keywords?: readonly string[];
  readonly protocol?: "smtp" | "lmtp";
  /**
   * The reply to a line, without its CRLF; "connect" asks for the greeting, "content" for what follows the final dot.
   * Undefined: the usual one. "": none. null: the connection ends.
   */
  readonly reply?: (line: string, connection: number) => string | null | undefined;
}

export interface ScriptedHop {
  readonly nextHop: NextHop;
  readonly dial: Dial;
  /** Every command line, each with the number of its connection: "1 MAIL FROM:<a@example.com>". */
  readonly lines: readonly string[];
  /** Content that ended with its dot, or by BDAT, as it came. */
  readonly contents: readonly string[];
  /** Connections made, ever, and those that are still open. */
  readonly connections: number;
  readonly open: number;
}

/** What there is to say when nothing is scripted. */
export const queued = { code: 250, enhanced: "2.0.0", text: "Ok: queued" };

export function scriptedHop({ keywords = ["PIPELINING"], protocol = "smtp", reply }: HopScript = {}): ScriptedHop {
  const lines: string[] = [];
  const contents: string[] = [];
  let connections = 0;
  let open = 0;

  function usual(line: string): string {
    if (line === "connect") return "220 hop.example";
    if (line === "content") return `${queued.code} ${queued.enhanced} ${queued.text}`;
    if (/^(EHLO|LHLO) /.test(line))
      return ["hop.example", ...keywords]
        .map((word, at, all) => `250${at === all.length - 1 ? " " : "-"}${word}`)
        .join("\r\n");
    if (line === "DATA") return "354 go on";
    return line === "QUIT" ? "221 2.0.0 Bye" : "250 2.1.0 Ok";
  }

  class Line extends Duplex {
    readonly #number = ++connections;
    readonly #onread: OnReadOpts;
    #input = "";
    /** Recipients of the mail under way: LMTP has a reply for each. */
    #taken = 0;
    #content: { readonly octets: number } | "to the dot" | undefined;

    constructor(onread: OnReadOpts) {
      super({ decodeStrings: true });
      this.#onread = onread;
      open += 1;
      this.on("close", () => {
        open -= 1;
      });
      setImmediate(() => {
        if (this.destroyed) return;
        this.emit("connect");
        this.#answer("connect");
      });
    }

    override _read(): void {}

    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      this.#input += chunk.toString("latin1");
      while (this.#takeOne());
      done();
    }

    #takeOne(): boolean {
      if (this.#content === undefined) {
        const end = this.#input.indexOf("\r\n");
        if (end === -1) return false;
        const line = this.#input.slice(0, end);
        this.#input = this.#input.slice(end + 2);
        this.#command(line);
        return true;
      }
      const [length, past] =
        this.#content === "to the dot"
          ? [this.#input.startsWith(".\r\n") ? 0 : this.#input.indexOf("\r\n.\r\n") + 2, 3]
          : [this.#content.octets, 0];
      const missing = this.#content === "to the dot" ? length === 1 : this.#input.length < length;
      if (missing) return false;
      contents.push(this.#input.slice(0, length));
      this.#input = this.#input.slice(length + past);
      this.#content = undefined;
      const replies = protocol === "lmtp" ? this.#taken : 1;
      for (let count = 0; count < replies; count += 1) this.#answer("content");
      this.#taken = 0;
      return true;
    }

    #command(line: string): void {
      lines.push(`${this.#number} ${line}`);
      const chunk = /^BDAT (\d+) LAST$/.exec(line);
      if (chunk !== null) {
        this.#content = { octets: Number(chunk[1]) };
        return;
      }
      const said = this.#answer(line);
      if (line.startsWith("RCPT") && said.startsWith("2")) this.#taken += 1;
      if (line === "DATA" && said.startsWith("354")) this.#content = "to the dot";
      if (line === "QUIT") this.#end();
    }

    #answer(line: string): string {
      const scripted = reply?.(line, this.#number);
      const said = scripted === undefined ? usual(line) : scripted;
      if (said === null) this.#end();
      else if (said !== "") this.#say(`${said}\r\n`);
      return said ?? "";
    }

    /** In a later turn, as a network would. */
    #say(text: string): void {
      setImmediate(() => {
        const { buffer, callback } = this.#onread;
        const target = typeof buffer === "function" ? buffer() : buffer;
        if (!this.destroyed) callback(Buffer.from(target.buffer, target.byteOffset).write(text, "latin1"), target);
      });
    }

    #end(): void {
      setImmediate(() => {
        if (!this.destroyed) this.emit("end");
      });
    }
  }

  return {
    nextHop: { protocol, host: "hop.example", port: 25 },
    dial: (_hop, _localAddress, onread) => new Line(onread),
    lines,
    contents,
    get connections() {
      return connections;
    },
    get open() {
      return open;
    },
  };
}

/** Nobody is there. */
export const dialNobody: Dial = failingDial("ECONNREFUSED");

/** Every connection fails with this code of the system's. */
export function failingDial(code: string): Dial {
  return () => {
    const socket = new Duplex();
    socket.on("error", () => undefined);
    setImmediate(() => socket.destroy(Object.assign(new Error(`connect ${code}`), { code })));
    return socket;
  };
}
