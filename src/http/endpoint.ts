// An HTTP server for those who watch the process: GET and HEAD only, short requests, short patience. It may be reachable
// for more than them. What is at which path is the caller's.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIP, type Socket } from "node:net";

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** What there is at a path, by the Accept header of the request. */
export type Page = (accept: string | undefined) => HttpAnswer | Promise<HttpAnswer>;

/** By path: "/metrics". */
export type Pages = Readonly<Record<string, Page>>;

export interface EndpointPlace {
  /** "127.0.0.1:9925" or "[::1]:9925"; null for none. */
  readonly listen: string | null;
  /** Names it may be asked by, beside localhost and addresses; in any case. */
  readonly names: readonly string[];
}

/** An endpoint that goes where the configuration says, across reloads. */
export interface MovableEndpoint {
  /** Rejects, and stays where it is, when the address cannot be had or it is closed. */
  move(to: EndpointPlace): Promise<void>;
  close(): Promise<void>;
}

interface Endpoint {
  close(): Promise<void>;
}

/** `moved` is called with the address it is open at from now on. */
export function createEndpoint(pages: Pages, moved: (listen: string) => void): MovableEndpoint {
  let endpoint: Endpoint | undefined;
  let listening: string | null = null;
  let closed = false;
  let names: ReadonlySet<string> = new Set();
  return {
    async move({ listen, names: given }) {
      if (closed) throw new Error("shutting down");
      const known = new Set(given.map((name) => name.toLowerCase()));
      if (listen !== listening) {
        const isOurs = (host: string | undefined) => isOurHost(host, names);
        const next = listen === null ? undefined : await openEndpoint(endpointAddress(listen), pages, isOurs);
        if (closed) {
          await next?.close();
          throw new Error("shutting down");
        }
        await endpoint?.close();
        endpoint = next;
        listening = listen;
        if (listen !== null) moved(listen);
      }
      names = known;
    },
    async close() {
      closed = true;
      await endpoint?.close();
    },
  };
}

/** The configuration has checked it. */
function endpointAddress(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(":");
  return { address: hostOf(text), port: Number(text.slice(colon + 1)) };
}

/** "[::1]:9925" is "::1". */
function hostOf(text: string): string {
  return text.replace(/:\d*$/, "").replace(/^\[|\]$/g, "");
}

/**
 * A web page of somebody else's may have its own name lead to our address and read what we answer (DNS rebinding). The
 * browser then asks by that name; nothing of the kind can be done by an address. HTTP/1.0, without a Host, is no browser's.
 */
export function isOurHost(header: string | undefined, names: ReadonlySet<string>): boolean {
  if (header === undefined) return true;
  const host = hostOf(header).toLowerCase().replace(/\.$/, "");
  return host === "localhost" || isIP(host) !== 0 || names.has(host);
}

/** Connections at a time; Prometheus needs one. */
const maxConnections = 20;
const plain = "text/plain; charset=utf-8";

export function plainAnswer(status: number, text: string): HttpAnswer {
  return { status, type: plain, text };
}

/** Rejects when the address cannot be had. */
async function openEndpoint(
  at: { address: string; port: number },
  pages: Pages,
  isOurs: (host: string | undefined) => boolean,
): Promise<Endpoint> {
  // An import would load everything that the module exports, HTTP/2 and an HTTP client among it (12 MB).
  const { createServer } = process.getBuiltinModule("node:http");
  const connections = new Connections(maxConnections);
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 65_000, maxHeaderSize: 8192 },
    (request, response) => {
      connections.begin(request.socket);
      response.once("close", () => connections.end(request.socket));
      answer(request, pages, isOurs)
        .catch(() => plainAnswer(500, "error\n"))
        .then((reply) => send(request, response, reply));
    },
  );
  server.on("connection", (socket: Socket) => connections.add(socket));
  // A response that nobody reads is given up.
  server.setTimeout(10_000);
  server.on("clientError", (_error, socket) => socket.destroy());
  await listen(server, at);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Those that are open, the one that was idle for longest first. One too many ends that one: the next may be Prometheus. */
class Connections {
  readonly #limit: number;
  readonly #sockets = new Set<Socket>();
  readonly #busy = new Set<Socket>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#busy.delete(socket);
    });
    if (this.#sockets.size <= this.#limit) return;
    for (const other of this.#sockets) {
      if (this.#busy.has(other)) continue;
      this.#sockets.delete(other);
      other.destroy();
      return;
    }
  }

  begin(socket: Socket): void {
    this.#busy.add(socket);
  }

  end(socket: Socket): void {
    this.#busy.delete(socket);
    // Idle from now on: behind the others.
    if (this.#sockets.delete(socket)) this.#sockets.add(socket);
  }
}

function listen(server: Server, { address, port }: { address: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      // Later errors (EMFILE at accept) cost a scrape and nothing more.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

async function answer(
  { method, url = "", headers }: IncomingMessage,
  pages: Pages,
  isOurs: (host: string | undefined) => boolean,
): Promise<HttpAnswer> {
  if (!isOurs(headers.host)) return plainAnswer(421, "not asked by a name of ours: metrics.names\n");
  if (method !== "GET" && method !== "HEAD") return plainAnswer(405, "GET only\n");
  const path = url.split("?", 1)[0] ?? "";
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  return page === undefined ? plainAnswer(404, `${Object.keys(pages).join(" ")}\n`) : page(headers.accept);
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, text }: HttpAnswer): void {
  const octets = Buffer.from(text);
  response.writeHead(status, {
    "content-type": type,
    "content-length": octets.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 405 && { allow: "GET, HEAD" }),
    // A body that was sent along is not read: the connection ends with this answer.
    ...(status >= 400 && { connection: "close" }),
  });
  response.end(request.method === "HEAD" ? undefined : octets);
}
