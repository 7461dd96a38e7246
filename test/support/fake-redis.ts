// A server on 127.0.0.1 that speaks as much of Redis' protocol (RESP2) as filters use, and misbehaves on request.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** What becomes of a command: the usual answer, none, an error reply with this text, no RESP at all, or the end. */
export type Fault = "none" | "silent" | "garbage" | "close" | { readonly error: string };

export interface FakeRedis {
  readonly port: number;
  /** Commands as they came: ["SET", "key", "value", "PX", "1000"], strings in latin1. */
  readonly commands: readonly (readonly string[])[];
  /** Replaced by the test; asked for each command. */
  fault: (command: readonly string[]) => Fault;
  /** Settles once a command that fits has come, be it already. */
  command(fits: (command: readonly string[]) => boolean): Promise<readonly string[]>;
  /** Keys there are now, with their octets in latin1. */
  readonly kept: ReadonlyMap<string, string>;
  /** Settles once nobody is connected. */
  left(): Promise<void>;
  close(): Promise<void>;
}

/** @param port a free one unless given: a server that comes back */
export async function startFakeRedis(port = 0): Promise<FakeRedis> {
  const kept = new Map<string, string>();
  const expires = new Map<string, number>();
  const commands: string[][] = [];
  const watchers = new Set<() => void>();
  const sockets = new Set<Socket>();

  function answer([name = "", key = "", ...rest]: readonly string[]): string {
    switch (name.toUpperCase()) {
      case "SET":
        kept.set(key, rest[0] ?? "");
        if (rest[1]?.toUpperCase() === "PX") expires.set(key, performance.now() + Number(rest[2]));
        return "+OK\r\n";
      case "GETRANGE": {
        const value = (kept.get(key) ?? "").slice(Number(rest[0]), Number(rest[1]) + 1);
        return `$${value.length}\r\n${value}\r\n`;
      }
      case "PTTL":
        if (!kept.has(key)) return ":-2\r\n";
        return `:${Math.ceil((expires.get(key) ?? -1) - performance.now())}\r\n`;
      case "AUTH":
      case "SELECT":
        return "+OK\r\n";
      default:
        return `-ERR unknown command '${name}'\r\n`;
    }
  }

  /** What `look` finds, now or after whatever happens next. */
  function until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const watcher = (): void => {
        const found = look();
        if (found === undefined) return;
        watchers.delete(watcher);
        resolve(found);
      };
      watchers.add(watcher);
      watcher();
    });
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      for (const watcher of watchers) watcher();
    });
    socket.on("error", () => socket.destroy());
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      for (let found = takeCommand(received); found !== undefined; found = takeCommand(received)) {
        received = found.rest;
        commands.push(found.command);
        const fault = fake.fault(found.command);
        if (fault === "close") socket.destroy();
        else if (fault === "garbage") socket.write("220 mail.example.com ESMTP\r\n");
        else if (fault === "none") socket.write(answer(found.command), "latin1");
        else if (fault !== "silent") socket.write(`-${fault.error}\r\n`);
        for (const watcher of watchers) watcher();
      }
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  const fake: FakeRedis = {
    port: address.port,
    commands,
    kept,
    fault: () => "none",
    command: (fits) => until(() => commands.find(fits)),
    async left() {
      await until(() => (sockets.size === 0 ? true : undefined));
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return fake;
}

/** An array of bulk strings, as clients send commands; undefined until it is whole. */
function takeCommand(text: string): { readonly command: string[]; readonly rest: string } | undefined {
  const [head, count] = /^\*(\d+)\r\n/.exec(text) ?? [];
  if (head === undefined) return undefined;
  const command: string[] = [];
  let at = head.length;
  for (let left = Number(count); left > 0; left -= 1) {
    const [size, length] = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20)) ?? [];
    if (size === undefined) return undefined;
    const end = at + size.length + Number(length);
    if (text.length < end + 2) return undefined;
    command.push(text.slice(at + size.length, end));
    at = end + 2;
  }
  return { command, rest: text.slice(at) };
}
