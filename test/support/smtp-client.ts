// A client that sends octets as told and reads reply lines; nothing is done by itself.
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

export interface SmtpClient {
  readonly socket: Socket;
  /** Octets, one per character. */
  send(text: string): void;
  /** The next line without its CRLF, or undefined when the server closed. */
  line(): Promise<string | undefined>;
  /** All lines of one reply. */
  reply(): Promise<string[]>;
  /** Sends a line and gives the reply's last line. */
  ask(command: string): Promise<string>;
  /** Reads no more: the socket is for somebody else. */
  leave(): void;
  /** Resolves once the connection is closed. */
  closed(): Promise<void>;
}

/** @param from the address that a connection to a port comes from */
export function smtpClient(to: number | string, from = "127.0.0.1"): SmtpClient {
  const socket = typeof to === "number" ? connect({ port: to, host: "127.0.0.1", localAddress: from }) : connect(to);
  socket.setNoDelay(true);
  return smtpClientOn(socket);
}

/** The same on a connection that is there. */
export function smtpClientOn(socket: Socket): SmtpClient {
  let input = "";
  let ended = false;
  let wake: (() => void) | undefined;
  const read = (chunk: Buffer): void => {
    input += chunk.toString("latin1");
    wake?.();
  };
  socket.on("data", read);
  const end = (): void => {
    ended = true;
    wake?.();
  };
  socket.on("end", end);
  socket.on("error", end);
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      end();
      resolve();
    });
  });

  async function line(): Promise<string | undefined> {
    for (;;) {
      const crlf = input.indexOf("\r\n");
      if (crlf !== -1) {
        const text = input.slice(0, crlf);
        input = input.slice(crlf + 2);
        return text;
      }
      if (ended) return undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  async function reply(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const text = await line();
      if (text === undefined) return lines;
      lines.push(text);
      if (text[3] !== "-") return lines;
    }
  }

  return {
    socket,
    send: (text) => {
      socket.write(text, "latin1");
    },
    line,
    reply,
    async ask(command) {
      socket.write(`${command}\r\n`, "latin1");
      return (await reply()).at(-1) ?? "(closed)";
    },
    leave() {
      socket.off("data", read);
    },
    closed: () => closed,
  };
}

/**
 * A client that was greeted. An MTA that is being reloaded turns connections away for a moment: it is asked until it greets,
 * and the test's own limit ends the wait.
 */
export async function greetedClient(to: number | string, from?: string): Promise<SmtpClient> {
  for (;;) {
    const client = smtpClient(to, from);
    if ((await client.reply()).length > 0) return client;
    await setTimeout(100);
  }
}

/** Says HELO and an envelope, and is let into DATA; for tests that are about what comes then. */
export async function enterData(client: SmtpClient, hello = "HELO mta.example.com"): Promise<void> {
  await client.reply();
  await client.ask(hello);
  await startMail(client);
}

/** MAIL, RCPT and DATA in one write, with their replies read. */
export async function startMail(client: SmtpClient): Promise<void> {
  client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
  for (const code of ["250", "250", "354"]) {
    const lines = await client.reply();
    if (lines[0]?.startsWith(code) !== true) throw new Error(`wanted ${code}, got ${lines}`);
  }
}
