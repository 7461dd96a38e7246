// A listener of the receive part on a free port, with handlers that keep what they are given.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Body } from "../../src/mail/message.ts";
import type { Transaction } from "../../src/mail/transaction.ts";
import type { Incoming, MessageReplies, ReceiveHandlers, ReceiveObserver } from "../../src/receive/handlers.ts";
import { createListener, createLogIds, type Listener } from "../../src/receive/listener.ts";
import type { ListenerOptions } from "../../src/receive/options.ts";
import { createMessageStore, type MessageStore, type StoreLimits } from "../../src/receive/store.ts";
import type { ListenAt } from "../../src/sockets/listen.ts";
import { defaultListenerOptions, defaultStoreLimits } from "./receive-defaults.ts";

export interface ReceivedMail {
  readonly transaction: Transaction;
  /** Header, empty line and body as one string, one character per octet. */
  readonly octets: string;
}

export interface ReceiverSetup {
  readonly at?: ListenAt;
  readonly options?: Partial<ListenerOptions>;
  readonly limits?: Partial<StoreLimits>;
  readonly freeBytes?: () => number;
  readonly handlers?: TestHandlers;
  readonly observer?: ReceiveObserver;
  readonly clock?: () => number;
  readonly connectionCount?: () => number;
  readonly mostConnections?: () => number;
  readonly opened?: Promise<void>;
}

/** The handlers in one level. */
export interface TestHandlers extends Partial<Omit<ReceiveHandlers, "onHead">> {
  onHead?(...head: Parameters<ReceiveHandlers["onHead"]>): Incoming["digestSpecs"];
  readonly onMessage?: Incoming["onMessage"];
}

export interface Receiver {
  readonly listener: Listener;
  readonly port: number;
  readonly store: MessageStore;
  readonly mails: ReceivedMail[];
  /** Swapped in as a reload would do it. */
  options: ListenerOptions;
}

/** Starts a receiver that answers 250 to every mail, unless `handlers` do otherwise; it ends with the test. */
export async function startReceiver(test: TestContext, setup: ReceiverSetup = {}): Promise<Receiver> {
  const spoolDirectory = await mkdtemp(join(tmpdir(), "receiver-"));
  const store = await createMessageStore(
    { ...defaultStoreLimits, minFreeBytes: 0, spoolDirectory, ...setup.limits },
    { now: Date.now, freeBytes: async () => setup.freeBytes?.() ?? Number.MAX_SAFE_INTEGER },
  );
  const mails: ReceivedMail[] = [];
  const { onHead, onMessage, ...others } = setup.handlers ?? {};
  const handlers: ReceiveHandlers = {
    onHead: (session, envelope, head) => ({
      digestSpecs: onHead?.(session, envelope, head) ?? (() => []),
      async onMessage(transaction): Promise<MessageReplies> {
        const { header, separator, body } = transaction.message;
        const octets = Buffer.concat([header, Buffer.from(separator), await readBody(body)]).toString("latin1");
        mails.push({ transaction, octets });
        if (onMessage !== undefined) return onMessage(transaction);
        return { reply: { code: 250, enhanced: "2.0.0", text: "Ok" } };
      },
    }),
    startDigest: () => {
      throw new Error("no digests were asked for");
    },
    ...others,
  };
  const receiver = { options: { ...defaultListenerOptions, ...setup.options } };
  const listener = createListener(setup.at ?? { address: "127.0.0.1", port: 0 }, {
    options: () => receiver.options,
    handlers,
    store,
    nextLogId: createLogIds(4711),
    ...(setup.observer !== undefined && { observer: setup.observer }),
    ...(setup.clock !== undefined && { clock: setup.clock }),
    ...(setup.mostConnections !== undefined && { mostConnections: setup.mostConnections }),
    ...(setup.opened !== undefined && { opened: setup.opened }),
    ...(setup.connectionCount !== undefined && { connectionCount: setup.connectionCount }),
  });
  const name = await listener.listen();
  test.after(async () => {
    await listener.drain(0);
    await rm(spoolDirectory, { recursive: true });
  });
  return Object.assign(receiver, { listener, port: name.port, store, mails });
}

/** Waits for something another turn of the event loop brings about; the test's timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

export async function readBody(body: Body): Promise<Buffer> {
  if (body.kind === "memory") return Buffer.concat(body.chunks);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.read()) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
