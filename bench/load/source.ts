// A client that sends mail as fast as it is taken, or at a fixed rate whatever becomes of it (after Postfix's
// smtp-source). Envelopes go out pipelined, content in one write; what is slow here is not what is measured.
import { connect, type Socket } from "node:net";

export interface LoadOptions {
  readonly host?: string;
  readonly port: number;
  /** As it goes over the wire, with the final dot; of several each mail takes the next. */
  readonly content: Uint8Array | readonly Uint8Array[];
  readonly sender?: string;
  readonly recipients?: readonly string[];
  /** Said before each MAIL, as Postfix does. */
  readonly xforward?: readonly string[];
  readonly messages: number;
  /** Connections at a time; with `ratePerSecond` the most that there may be. */
  readonly connections: number;
  /** Several mails on one connection, or one. */
  readonly reuse: boolean;
  /** So many of them, then a new connection; absent: no limit. */
  readonly mailsPerConnection?: number;
  /** All connections take their turns; absent: the one that was busy last is the first to be used again. */
  readonly turns?: boolean;
  /** A mail is started at each tick of this rate, whatever became of the last; absent: each connection one after the other. */
  readonly ratePerSecond?: number;
  /** What is not done by then counts as broken. */
  readonly timeoutMs?: number;
}

export interface LoadResult {
  readonly sent: number;
  readonly refused: number;
  readonly broken: number;
  readonly seconds: number;
  /** From the start of a mail (connecting included where it has its own connection) to the reply to its dot, sorted, ms. */
  readonly latenciesMs: readonly number[];
  /** How late the source itself started mails at worst, ms: at more than a few the latencies are not to be believed. */
  readonly lateMs: number;
  /** A refusal, if there was one. */
  readonly refusal?: string;
}

/** Sends `messages` mails and says how long each took. Never rejects for what the server does. */
export function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { host = "127.0.0.1", port, content, messages, connections, reuse, ratePerSecond } = options;
  const { mailsPerConnection = Number.POSITIVE_INFINITY, turns = false } = options;
  const { sender = "alice@example.com", recipients = ["someone@example.net"], xforward = [] } = options;
  const rcpt = recipients.map((each) => `RCPT TO:<${each}>\r\n`).join("");
  const envelope = `${xforward.map((each) => `${each}\r\n`).join("")}MAIL FROM:<${sender}>\r\n${rcpt}DATA\r\n`;
  const envelopeReplies = xforward.length + 1 + recipients.length + 1;
  const contents = (content instanceof Uint8Array ? [content] : content).map((each) =>
    Buffer.from(each.buffer, each.byteOffset, each.byteLength),
  );
  let taken = 0;
  const nextContent = () => contents[taken++ % contents.length] ?? Buffer.alloc(0);
  const quit = Buffer.from("QUIT\r\n");

  const latenciesMs: number[] = [];
  /** Connections that wait for their next mail. */
  const idle: { readonly socket: Socket; mail(): void }[] = [];
  let started = 0;
  let refused = 0;
  let broken = 0;
  let refusal: string | undefined;
  let open = 0;
  let lateMs = 0;
  let waiting = 0;

  return new Promise((resolve) => {
    const startedAt = performance.now();

    class Client {
      readonly socket: Socket;
      #replies = 1;
      #step: "greeting" | "ehlo" | "envelope" | "content" | "idle" = "greeting";
      #text = "";
      #mailAt: number;
      #over = false;
      #mails = 0;

      constructor() {
        open += 1;
        this.#mailAt = performance.now();
        this.socket = connect({ host, port, noDelay: true });
        this.socket.setEncoding("latin1");
        this.socket.on("data", (text: string) => this.#read(text));
        this.socket.on("error", () => this.#end());
        this.socket.on("close", () => this.#end());
      }

      /** Starts the next mail on a connection that waits for one. */
      mail(): void {
        this.#mailAt = performance.now();
        this.#step = "envelope";
        this.#replies = envelopeReplies;
        this.socket.write(envelope, "latin1");
      }

      /** Whether this mail is the connection's last. */
      #last(): boolean {
        return !reuse || this.#mails >= mailsPerConnection;
      }

      #end(): void {
        if (this.#over) return;
        this.#over = true;
        open -= 1;
        this.socket.destroy();
        if (this.#step !== "idle") broken += 1;
        const at = idle.indexOf(this);
        if (at !== -1) idle.splice(at, 1);
        proceed();
      }

      #read(chunk: string): void {
        this.#text += chunk;
        for (let lf = this.#text.indexOf("\n"); lf !== -1; lf = this.#text.indexOf("\n")) {
          const line = this.#text.slice(0, lf);
          this.#text = this.#text.slice(lf + 1);
          if (line.charCodeAt(3) === 45) continue;
          this.#reply(line);
          if (this.#over) return;
        }
      }

      #reply(line: string): void {
        const kind = line.charCodeAt(0) - 48;
        if (kind > 3) {
          refusal ??= line;
          refused += 1;
          this.#step = "idle";
          this.socket.end(quit);
          this.#end();
          return;
        }
        if (this.#step === "idle") return;
        this.#replies -= 1;
        if (this.#replies > 0) return;
        this.#replies = 1;
        if (this.#step === "greeting") {
          this.#step = "ehlo";
          this.socket.write("EHLO source.example.com\r\n", "latin1");
        } else if (this.#step === "ehlo") {
          const at = this.#mailAt;
          this.mail();
          this.#mailAt = at;
        } else if (this.#step === "envelope") {
          this.#step = "content";
          this.#mails += 1;
          const octets = nextContent();
          if (!this.#last()) {
            this.socket.write(octets);
          } else {
            this.socket.cork();
            this.socket.write(octets);
            this.socket.write(quit);
            this.socket.uncork();
          }
        } else {
          latenciesMs.push(performance.now() - this.#mailAt);
          this.#step = "idle";
          if (this.#last()) {
            // The reply to QUIT is not waited for; the server ends the connection.
            this.#over = true;
            open -= 1;
            this.socket.resume();
          } else idle.push(this);
          proceed();
        }
      }
    }

    function startOne(): void {
      started += 1;
      const client = !turns ? idle.pop() : open < connections ? undefined : idle.shift();
      if (client !== undefined) client.mail();
      else new Client();
    }

    let over = false;
    const late = setTimeout(() => finish(), options.timeoutMs ?? 120_000);

    function finish(): void {
      if (over) return;
      over = true;
      clearTimeout(late);
      broken = messages - latenciesMs.length - refused;
      for (const client of idle.splice(0)) client.socket.end(quit);
      resolve({
        sent: latenciesMs.length,
        refused,
        broken,
        seconds: (performance.now() - startedAt) / 1000,
        latenciesMs: latenciesMs.sort((a, b) => a - b),
        lateMs,
        ...(refusal === undefined ? {} : { refusal }),
      });
    }

    function proceed(): void {
      if (over) return;
      if (latenciesMs.length + refused + broken >= messages) {
        finish();
        return;
      }
      if (ratePerSecond === undefined) {
        while (started < messages && (idle.length > 0 || open < connections)) startOne();
      } else {
        while (waiting > 0 && (idle.length > 0 || open < connections)) {
          waiting -= 1;
          startOne();
        }
      }
    }

    if (ratePerSecond === undefined) proceed();
    else tick(ratePerSecond);

    function tick(rate: number): void {
      let next = 0;
      const timer = setInterval(() => {
        const now = performance.now() - startedAt;
        while (next < messages && (next * 1000) / rate <= now) {
          lateMs = Math.max(lateMs, now - (next * 1000) / rate);
          next += 1;
          waiting += 1;
        }
        if (next >= messages) clearInterval(timer);
        proceed();
      }, 1);
    }
  });
}

/** The value below which `share` (0 to 1) of sorted values lie; 0 where there are none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
