// Passing octets on and nothing else: what the kernel and Node ask for a mail to go in and out. A floor to compare with.
import { connect, createServer } from "node:net";

/** Copies each connection to `toPort` and back. Resolves to the port it listens on. */
export async function startForward(toPort: number): Promise<{ readonly port: number; close(): void }> {
  const server = createServer({ noDelay: true }, (client) => {
    const next = connect({ host: "127.0.0.1", port: toPort, noDelay: true });
    client.pipe(next);
    next.pipe(client);
    client.on("error", () => next.destroy());
    next.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, resolve));
  const bound = server.address();
  return { port: bound !== null && typeof bound === "object" ? bound.port : 0, close: () => server.close() };
}
