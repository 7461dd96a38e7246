// The program of a process that shares the ports with others: the daemon as it is, under the orders of the process that
// started it. When that one is gone there is nobody to answer for us, so mail under way is brought to its end and no more.

import type { Daemon, Prepared } from "../daemon/daemon.ts";
import { takeDaemonUser } from "../daemon/daemon-user.ts";
import { startDaemon } from "../daemon/start-daemon.ts";
import { errorStack, errorText } from "../mail/error-text.ts";
import { inheritedSockets } from "../process/inherited-sockets.ts";
import { atOnce, inSlices } from "../process/slices.ts";
import { prepareMemory, settleMemory } from "../process/v8-memory.ts";
import { type ListedKeys, listKeys } from "../reading/list-keys.ts";
import { openSettings } from "../reading/open-settings.ts";
import { openConfig, type PlainConfig } from "../reading/plain-settings.ts";
import type { Settings } from "../reading/settings.ts";
import type { Order, ProcessAnswer, ToProcess } from "./messages.ts";
import { type Part, shareOf } from "./share.ts";

/** At most so much counting is lost with a process that is killed. */
const countsMs = 1000;

let part: Part = { number: 1, of: 1 };
let daemon: Daemon | undefined;
let prepared: Prepared | undefined;
let draining: Promise<void> | undefined;
/** The metrics are read one after the other: counters only grow, so they must be sent in order. */
let looking: Promise<unknown> = Promise.resolve();
let isTelling = false;

/** The supervisor has logged what is wrong with keys. */
function ours({ settings, problems }: ListedKeys): Settings {
  const wrong = problems.find(({ severity }) => severity === "error");
  if (settings === undefined) throw new Error(wrong?.message ?? "the keys cannot be used");
  return { ...settings, config: shareOf(settings.config, part) };
}

async function start(configuration: PlainConfig, journal: boolean, user: string | undefined): Promise<Daemon> {
  prepareMemory();
  const opened = openConfig(configuration);
  const daemonUser = takeDaemonUser(opened.config, user);
  const settings = ours(atOnce(listKeys(opened, [], { cwd: process.cwd(), locate: opened.locate })));
  const started = await startDaemon(settings, {
    journal,
    sharesPorts: true,
    daemonUser,
    // Those of the process that started us.
    inherited: inheritedSockets(process.env, true),
  });
  settleMemory(started.letGo);
  return started;
}

function running(): Daemon {
  if (daemon === undefined) throw new Error("not started yet");
  return daemon;
}

async function obey(order: Order): Promise<Omit<ProcessAnswer, "id">> {
  switch (order.kind) {
    case "start":
      part = order.part;
      daemon = await start(order.configuration, order.journal, order.user);
      setInterval(tellCounts, countsMs).unref();
      return {};
    case "prepare": {
      await prepared?.abort();
      const listed = await inSlices(openSettings({ plain: order.configuration, problems: [] }, process.cwd()));
      prepared = await running().prepare(ours(listed));
      return {};
    }
    case "commit":
      await prepared?.commit();
      prepared = undefined;
      return {};
    case "abort":
      await prepared?.abort();
      prepared = undefined;
      return {};
    case "reopen":
      running().log.reopen();
      return {};
    case "alive":
      return {};
    case "families":
      return { families: await look(order.which) };
    case "troubles":
      return { troubles: [...(await running().troubles())] };
    case "answer":
      return { answer: await running().answer(order.request) };
    case "stop":
      await drain();
      return {};
  }
}

function look(which: "scrape" | "own" | "counts"): ReturnType<Daemon["families"]> {
  const families = looking.then(() => running().families(which));
  looking = families.catch(() => undefined);
  return families;
}

async function tellCounts(): Promise<void> {
  // A supervisor that does not listen must not fill our memory.
  if (isTelling) return;
  isTelling = true;
  try {
    await send({ families: await look("counts") });
  } finally {
    isTelling = false;
  }
}

/** Resolves when it is out, or cannot get out. */
function send(message: ProcessAnswer): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

function drain(): Promise<void> {
  draining ??= (async () => {
    const stopped = daemon?.stop();
    await stopped;
    if (daemon !== undefined) await tellCounts();
  })();
  return draining;
}

async function end(): Promise<void> {
  await drain();
  process.exit(0);
}

process.on("message", async ({ id, order }: ToProcess) => {
  try {
    await send({ id, ...(await obey(order)) });
  } catch (error) {
    await send({ id, error: errorText(error) });
  }
  if (order.kind === "stop") process.exit(0);
});
// Until the daemon listens, nothing else keeps the process running.
process.channel?.ref();
process.on("disconnect", () => {
  // An order to end at once came while we were draining.
  if (draining !== undefined) process.exit(0);
  daemon?.log.write("err", "the supervising process is gone: ending after the mail under way");
  void end();
});
// A terminal and some service managers signal all processes of a group; the supervisor starts another one if it was not.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end());
process.on("SIGHUP", () => undefined);
// Node would open its debugger; the log is the supervisor's.
process.on("SIGUSR1", () => undefined);
// What nobody caught leaves the process in a state nobody knows: mails under way get no reply and come again (I2).
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    console.error(`signpost: ${event}: ${errorStack(error)}`);
    process.exit(1);
  });
}
