// The outgoing side by itself, with a next hop that ends with the test.
import type { TestContext } from "node:test";
import { NextHopConnection } from "../../src/relay/connection.ts";
import { type ClosableRelay, createRelay, type RelayOptions } from "../../src/relay/relay.ts";
import { isTransient, type Reply } from "../../src/smtp/reply.ts";
import { type FakeNextHop, type FakeNextHopOptions, startFakeNextHop } from "./fake-next-hop.ts";

/** What the flow says for SMTP input. */
export const unlessPutOff = (replies: readonly (readonly Reply[])[]) => !replies.flat().some(isTransient);

/** What the fake next hop says to a mail. */
export const fine = "250 2.0.0 Ok: queued as FAKE";

export async function startRelay(
  t: TestContext,
  hopOptions: FakeNextHopOptions = {},
  options: Partial<RelayOptions> = {},
): Promise<{ readonly hop: FakeNextHop; readonly relay: ClosableRelay }> {
  const hop = await startFakeNextHop(hopOptions);
  const relay = createRelay({ localhost_name: "localhost", ...options });
  t.after(async () => {
    await hop.close();
    await relay.close();
  });
  return { hop, relay };
}

/** A connection, greeted, to a next hop that says `said` as soon as content begins, and reads no more. */
export async function connectToHasty(
  t: TestContext,
  said: string,
  keywords?: readonly string[],
): Promise<{ readonly connection: NextHopConnection; readonly patience: { eachMs: number; lastMs: number } }> {
  const hop = await startFakeNextHop({
    ...(keywords === undefined ? {} : { keywords }),
    onContent(socket) {
      if (socket.isPaused()) return;
      socket.write(`${said}\r\n`);
      socket.pause();
    },
  });
  t.after(() => hop.close());
  const connection = new NextHopConnection(
    hop.nextHop,
    null,
    () => performance.now(),
    () => {},
  );
  const patience = { eachMs: 60_000, lastMs: 60_000 };
  await connection.exchange("", 1, patience);
  await connection.exchange("EHLO a\r\n", 1, patience);
  return { connection, patience };
}
