// The system's log: RFC 5424 over a stream socket or UDP. Most /dev/log are datagram sockets, which Node cannot speak
// to; there logger(1) of the system does it for us (docs/decisions/020-syslog.md).

import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { connect, isIPv6, Socket } from "node:net";
import { errorCode } from "../mail/error-text.ts";
import { maxWaitingBytes, patiently, type Sink, streamSink } from "./sink.ts";

export type SyslogAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** Where lines go and how they must look there. */
export interface Syslog extends Sink {
  /** "prefix": "<22>text", for logger(1); "rfc5424": the whole line. */
  readonly form: "prefix" | "rfc5424";
}

/** "syslog", "syslog:/path", "syslog:host:port" */
export function syslogAddress(text: string): SyslogAddress {
  const rest = text.slice("syslog:".length);
  if (rest === "") return { path: "/dev/log" };
  if (rest.startsWith("/")) return { path: rest };
  const colon = rest.lastIndexOf(":");
  return { host: rest.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(rest.slice(colon + 1)) };
}

/** Resolves once it is known how to talk there; never rejects, for a log that is not there must not stop mail. */
export async function openSyslog(address: SyslogAddress, tag: string): Promise<Syslog> {
  if ("host" in address) return Object.assign(datagrams(address.host, address.port), { form: "rfc5424" } as const);
  const answer = await tryStream(address.path);
  if (answer instanceof Socket) return lasting(answer, () => connect(address.path), "rfc5424");
  return lasting(startLogger(address.path, tag), () => startLogger(address.path, tag), "prefix");
}

/** The connected socket, or the error's code: EPROTOTYPE for a datagram socket. */
function tryStream(path: string): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const failed = (error: Error) => resolve(errorCode(error) ?? error.message);
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      resolve(socket);
    });
  });
}

/** logger(1) takes a line at a time and puts on it what the local socket wants. */
function startLogger(path: string, tag: string): ChildProcess {
  // Without systemd it passes over a socket that is not there, and takes lines that go nowhere.
  const strict = "--socket-errors=on";
  const child = spawn("logger", ["--prio-prefix", "--socket", path, strict, "--tag", tag, "--size", "8192"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.on("error", () => undefined);
  child.unref();
  return child;
}

const retryMs = 1000;

/** A connection that is made anew, at most once a second, when it broke. Lines in between are lost and counted. */
function lasting<Form extends Syslog["form"]>(
  first: Socket | ChildProcess,
  again: () => Socket | ChildProcess,
  form: Form,
): Syslog {
  let dropped = 0;
  let triedAt = performance.now();
  let current = attach(first);

  function attach(peer: Socket | ChildProcess) {
    const stream = peer instanceof Socket ? peer : peer.stdin;
    if (stream === null) throw new Error("logger without standard input");
    const state = { sink: streamSink(stream), broken: false };
    const gone = () => {
      state.broken = true;
    };
    peer.on("error", gone);
    peer.on("close", gone);
    return state;
  }

  return {
    form,
    write(line) {
      if (current.broken && performance.now() - triedAt > retryMs) {
        dropped += current.sink.dropped;
        triedAt = performance.now();
        current = attach(again());
      }
      current.sink.write(line);
    },
    get dropped() {
      return dropped + current.sink.dropped;
    },
    reopen() {},
    close: () => current.sink.close(),
  };
}

function datagrams(host: string, port: number): Sink {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  let dropped = 0;
  let waitingBytes = 0;
  let onIdle: (() => void) | undefined;
  socket.on("error", () => undefined);
  socket.unref();
  return {
    write(line) {
      if (waitingBytes > maxWaitingBytes) {
        dropped += 1;
        return;
      }
      // RFC 5426: one message a datagram, no line end.
      const octets = Buffer.from(line.trimEnd());
      waitingBytes += octets.length;
      socket.send(octets, port, host, (error) => {
        waitingBytes -= octets.length;
        if (error !== null) dropped += 1;
        if (waitingBytes === 0) onIdle?.();
      });
    },
    get dropped() {
      return dropped;
    },
    reopen() {},
    async close() {
      // A host name is looked up for each line, and what is closed in the meantime takes the line with it.
      await patiently((done) => {
        onIdle = done;
        if (waitingBytes === 0) done();
      });
      await new Promise<void>((resolve) => socket.close(resolve));
    },
  };
}
