// The daemon's end of the control socket: a unix socket that only its own user can open. Reads requests, writes
// replies; what they mean is the caller's.

import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { errorCode, errorText } from "../mail/error-text.ts";
import { jsonText } from "../mail/json-text.ts";
import { type Claim, claimPath } from "../process/claim.ts";
import { type ControlReply, type ControlRequest, maxRequestBytes, readRequest } from "./protocol.ts";

export interface ControlServer {
  readonly path: string;
  /** Takes no further connections and lets another process have the path; requests that are there are answered. */
  leave(): void;
  close(): Promise<void>;
}

export type Handle = (request: ControlRequest) => Promise<unknown>;

const maxConnections = 20;
const idleMs = 300_000;

/** Rejects when the path cannot be had, or when another daemon answers there. */
export async function openControlSocket(path: string, handle: Handle): Promise<ControlServer> {
  // Before the look at what is there: of two that start at once, one would remove the socket that the other just made.
  const claim = await claimPath(path);
  if (claim === undefined) throw new Error(`another daemon answers at ${path}`);
  try {
    return await openClaimed(path, handle, claim);
  } catch (error) {
    claim.release();
    throw error;
  }
}

async function openClaimed(path: string, handle: Handle, claim: Claim): Promise<ControlServer> {
  if (await isAnswering(path)) throw new Error(`another daemon answers at ${path}`);
  removeStaleSocket(path);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    serve(socket, handle);
  });
  server.maxConnections = maxConnections;
  await listenPrivately(server, path);
  return {
    path,
    leave() {
      // Node removes the socket file itself.
      server.close();
      claim.release();
    },
    close: () =>
      new Promise((resolve) => {
        // An error means that it was left before.
        server.close(() => {
          claim.release();
          resolve();
        });
        for (const socket of open) socket.destroy();
      }),
  };
}

function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // EAGAIN: a daemon listens there, and its queue of connections is full.
    socket.on("error", (error) => resolve(errorCode(error) === "EAGAIN"));
  });
}

/** A socket file that a killed daemon left behind goes; any other file of that name stays. */
function removeStaleSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} is there, and is no socket`);
  unlinkSync(path);
}

function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // bind() happens within listen(): with this umask the file is never open to others, not even for a moment.
    const before = process.umask(0o177);
    try {
      server.listen({ path, backlog: maxConnections }, () => {
        server.off("error", reject);
        server.on("error", () => undefined);
        resolve();
      });
      if (server.listening) chmodSync(path, 0o600);
    } catch (error) {
      reject(error);
    } finally {
      process.umask(before);
    }
  });
}

function serve(socket: Socket, handle: Handle): void {
  let input = "";
  let working = Promise.resolve();
  socket.setEncoding("utf8");
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on("error", () => undefined);
  socket.on("data", (text) => {
    input += text;
    for (let end = input.indexOf("\n"); end !== -1; end = input.indexOf("\n")) {
      const line = input.slice(0, end);
      input = input.slice(end + 1);
      working = working.then(async () => {
        socket.write(`${jsonText(await answer(line, handle))}\n`);
      });
    }
    if (input.length > maxRequestBytes) socket.destroy();
  });
}

async function answer(line: string, handle: Handle): Promise<ControlReply> {
  const request = readRequest(line);
  if (typeof request === "string") return { ok: false, error: request };
  try {
    return { ok: true, value: await handle(request) };
  } catch (error) {
    return { ok: false, error: errorText(error) };
  }
}
