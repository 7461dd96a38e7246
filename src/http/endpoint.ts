// The HTTP endpoint: /metrics for Prometheus, /livez and /readyz for whoever watches the process. GET and HEAD only,
// short requests, short patience: it may be reachable for more than Prometheus.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { chooseFormat, contentType, type Format } from "../metrics/exposition.ts";

export interface EndpointNeeds {
  text(format: Format): Promise<string>;
  /** What keeps us from being ready; empty when we are. */
  notReady(): Promise<readonly string[]>;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** An endpoint that goes where the configuration says, across reloads. */
export interface MovableEndpoint {
  /** "127.0.0.1:9925" or "[::1]:9925", null for none; rejects, and stays where it is, when that cannot be had or it is closed. */
  move(listen: string | null): Promise<void>;
  close(): Promise<void>;
}

/** @param moved told where it is open from now on */
export function createEndpoint(needs: EndpointNeeds, moved: (listen: string) => void): MovableEndpoint {
  let endpoint: Endpoint | undefined;
  let listening: string | null = null;
  let closed = false;
  return {
    async move(listen) {
      if (closed) throw new Error("shutting down");
      if (listen === listening) return;
      const next = listen === null ? undefined : await openEndpoint(endpointAddress(listen), needs);
      if (closed) {
        await next?.close();
        throw new Error("shutting down");
      }
      await endpoint?.close();
      endpoint = next;
      listening = listen;
      if (listen !== null) moved(listen);
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
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}

/** Scrapers at a time; Prometheus needs one. */
const maxConnections = 20;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const plain = "text/plain; charset=utf-8";

/** Rejects when the address cannot be had. */
export async function openEndpoint(at: { address: string; port: number }, needs: EndpointNeeds): Promise<Endpoint> {
  // An import of it would ask for everything it gives, and so load HTTP/2 and a client as well: 12 MB.
  const { createServer } = process.getBuiltinModule("node:http");
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 65_000, maxHeaderSize: 8192 },
    (request, response) => {
      answer(request, needs)
        .catch((): Answer => ({ status: 500, type: plain, text: "error\n" }))
        .then((reply) => send(request, response, reply));
    },
  );
  server.maxConnections = maxConnections;
  // A response that nobody reads is given up.
  server.setTimeout(10_000);
  server.on("clientError", (_error, socket) => socket.destroy());
  await listen(server, at);
  const bound = server.address();
  const { address, port } = bound === null || typeof bound === "string" ? at : bound;
  return {
    address,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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

async function answer(request: IncomingMessage, needs: EndpointNeeds): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { status: 405, type: plain, text: "GET only\n" };
  }
  switch ((request.url ?? "").split("?", 1)[0]) {
    case "/metrics": {
      const format = chooseFormat(request.headers.accept);
      return { status: 200, type: contentType[format], text: await needs.text(format) };
    }
    case "/livez":
      return { status: 200, type: plain, text: "ok\n" };
    case "/readyz": {
      const troubles = await needs.notReady();
      return troubles.length === 0
        ? { status: 200, type: plain, text: "ok\n" }
        : { status: 503, type: plain, text: troubles.map((trouble) => `${trouble}\n`).join("") };
    }
    default:
      return { status: 404, type: plain, text: "/metrics /livez /readyz\n" };
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, text }: Answer): void {
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
