// What `check` and `sign` share: the filter of a configuration, which does the real work on a file, with a next
// hop that takes everything and keeps it.
import { readFileSync } from "node:fs";
import { createLazyAuthenticator } from "../checks/lazy-authenticator.ts";
import { createWorkerAuthenticator, defaultAuthenticatorOptions } from "../checks/worker-authenticator.ts";
import { defaultConfigFile } from "../config/default-file.ts";
import { problemLine, sortProblems } from "../config/report.ts";
import { type ConfiguredFilter, createConfiguredFilter } from "../daemon/configured-filter.ts";
import { createContentParts } from "../daemon/content-parts.ts";
import { resolverOptions } from "../daemon/part-options.ts";
import { createResolver } from "../dns/resolver.ts";
import type { Outcome } from "../flow/outcome/outcome.ts";
import type { MessageOctets } from "../mail/message.ts";
import type { Transaction } from "../mail/transaction.ts";
import { createLocalEngine } from "../pool/local-engine.ts";
import { workerUrl } from "../process/module-url.ts";
import { defaultSettings, loadSettings } from "../reading/load-settings.ts";
import type { Settings } from "../reading/settings.ts";
import type { Outgoing, Relay } from "../relay/delivery.ts";
import { formatNextHop } from "../smtp/next-hop.ts";
import { exitCode, type Io } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";
import { fixedDns } from "./fixed-dns.ts";

export interface Inspection {
  readonly settings: Settings;
  readonly filter: ConfiguredFilter;
  /** Passes a whole message through the filter. */
  pass(transaction: Transaction): Promise<Outcome>;
  /** What left for next hops since it was last taken: recipients whose mail is the same have one in common. */
  takeSent(): readonly SentMail[];
  close(): Promise<void>;
}

export interface SentMail {
  readonly message: MessageOctets;
  readonly recipients: readonly string[];
}

export interface InspectOptions {
  /** undefined: the default file, or the defaults of every setting where there is none. */
  readonly config: string | undefined;
  /** A file with DNS answers, in the form of `parseFixedZone`. */
  readonly dns: string | undefined;
  /** The bank that all mail starts with; undefined: that of the listener. */
  bank?(settings: Settings): string | undefined;
  /** Lays something over the settings, where no file was named. */
  withoutFile?(settings: Settings): Settings;
}

/** Returns an exit code, after a message, when the configuration cannot be used. */
export async function openInspection(options: InspectOptions, io: Io): Promise<Inspection | number> {
  const settings = await settingsFor(options, io);
  if (typeof settings === "number") return settings;
  const bank = options.bank?.(settings);
  const dns = options.dns === undefined ? createResolver(resolverOptions(settings.config)) : fixedDns(options.dns, io);
  if (typeof dns === "number") return dns;
  const sent: SentMail[] = [];
  const { resolve } = dns;
  const authenticator = createLazyAuthenticator(() =>
    createWorkerAuthenticator({ ...defaultAuthenticatorOptions, worker: workerUrl("authenticate"), resolve }),
  );
  const engine = createLocalEngine();
  const content = createContentParts(settings.config, { observer: unobserved, shared: nothingShared, tell: () => {} });
  const parts = { engine, digestBody: engine.digestBody, authenticator, resolve, relay: keeping(sent), content };
  const filter = createConfiguredFilter(bank === undefined ? settings : { ...settings, bank }, parts);
  return {
    settings,
    filter,
    pass(transaction) {
      const { session, envelope, message } = transaction;
      return filter.begin(session, envelope, message).finish(transaction);
    },
    takeSent: () => sent.splice(0),
    async close() {
      await authenticator.close();
      await content.close();
      dns.close();
    },
  };
}

const unobserved = { scanned() {}, verdictAsked() {}, mailDone() {}, workerEnded() {} };
const nothingShared = { get: () => undefined, set() {} };

async function settingsFor({ config, withoutFile }: InspectOptions, io: Io): Promise<Settings | number> {
  if (config === undefined && !exists(defaultConfigFile)) {
    const settings = await defaultSettings();
    return withoutFile?.(settings) ?? settings;
  }
  const file = config ?? defaultConfigFile;
  const unreadable = unreadableConfig(file, io);
  if (unreadable !== undefined) return unreadable;
  const { settings, problems } = await loadSettings(file, io.cwd, "daemon");
  if (settings !== undefined) return settings;
  for (const problem of sortProblems(problems)) {
    if (problem.severity === "error") io.stderr(`${problemLine(problem)}\n`);
  }
  return exitCode.config;
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

/** A next hop that takes everything. */
function keeping(sent: SentMail[]): Relay {
  return async (outgoing: readonly Outgoing[]) =>
    outgoing.map(({ nextHop, envelope, message }) => {
      sent.push({ message, recipients: envelope.recipients.map(({ address }) => address) });
      return {
        replies: envelope.recipients.map(() => ({ code: 250, enhanced: "2.0.0", text: "Ok" })),
        fromNextHop: envelope.recipients.map(() => true),
        remote: formatNextHop(nextHop),
        reusedConnection: false,
      };
    });
}
