// Clients that connect, say EHLO and then nothing: the idle connections of a large Postfix.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface HoldOptions {
  readonly port: number;
  readonly connections: number;
}

export interface Held {
  /** Connections whose EHLO was answered. */
  readonly count: number;
  close(): Promise<void>;
}

export async function holdConnections({ port, connections }: HoldOptions): Promise<Held> {
  const open = new Set<Socket>();
  // A few at a time: the load is what comes later.
  let wanted = connections;
  const opener = async () => {
    while (wanted > 0) {
      wanted -= 1;
      const socket = await openOne(port);
      if (socket !== undefined) open.add(socket);
    }
  };
  await Promise.all(Array.from({ length: 20 }, opener));
  return {
    count: open.size,
    async close() {
      const closed = [...open].map((socket) => once(socket, "close"));
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
      open.clear();
    },
  };
}

async function openOne(port: number): Promise<Socket | undefined> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => socket.destroy());
  const answered = (line: RegExp) =>
    new Promise<boolean>((resolve) => {
      let text = "";
      const read = (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (line.test(text)) settle(true);
      };
      const gone = () => settle(false);
      const settle = (done: boolean) => {
        socket.off("data", read);
        socket.off("close", gone);
        resolve(done);
      };
      socket.on("data", read);
      socket.on("close", gone);
    });
  if (!(await answered(/^220 /m))) return undefined;
  socket.write("EHLO idle.example.com\r\n", "latin1");
  if (!(await answered(/^250 /m))) return undefined;
  // Somebody has to read, or the end of the connection would go unseen.
  socket.resume();
  return socket;
}
