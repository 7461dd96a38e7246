// Which banks are loaded for a mail, in which order and why: by listener, by client, by sender, later by author.
// Banks only add up; the caller keeps what a connection starts with, and it is never changed.
import type { Match } from "../lookup/table.ts";
import { clientAddress } from "../mail/client.ts";
import type { ListenerName, Session } from "../mail/transaction.ts";
import {
  type BankContext,
  type BankSource,
  createBankCompiler,
  type Layered,
  type LoadedBank,
  type LoadReason,
  overlay,
  type PolicyBank,
} from "./bank.ts";

/** The slice of the configuration that routing needs. */
export interface RouterSettings extends BankSource {
  /** By port, "address:port", "SOCK" or the path of a socket. */
  readonly interface_policy: Readonly<Record<string, readonly string[]>>;
}

export interface Router {
  /** No listener, no client: what is in force for mail of our own (a DSN), and for commands. */
  readonly base: PolicyBank;
  /** The bank a connection starts with, and goes back to before every mail. */
  atConnect(listener: ListenerName): PolicyBank;
  /** The bank for one mail, once MAIL is known; `sender` is the reverse-path without angle brackets. */
  atMail(bank: PolicyBank, session: MailSession, sender: string): PolicyBank;
  /** Loads banks by name, left to right. Names that do not exist are left out: the configuration check refuses them. */
  load(bank: PolicyBank, names: readonly string[], why: LoadReason, match?: Match<unknown>): PolicyBank;
}

/** What banks are chosen by when a mail begins. */
export type MailSession = Pick<Session, "client" | "daemonName" | "authenticated">;

/** The bank of mynetworks. It need not exist: a match makes mail ours either way. */
const mynetsBank = "MYNETS";
const myusersBank = "MYUSERS";
/** The bank of clients that have logged in, where it exists; the name is the howto's. */
const originatingBank = "ORIGINATING";

/** Snapshots kept per bank and step; author keys with "$1" could otherwise make new ones for ever. */
const maxSnapshots = 1000;

/**
 * Compiles all banks and makes the router. Problems of maps go to `context.problem` with their path from the top of
 * the settings; nothing throws, and what could not be compiled is left out.
 */
export function createRouter(settings: RouterSettings, context: BankContext): Router {
  const compiler = createBankCompiler(settings, context);
  const listeners = new Map(
    Object.entries(settings.interface_policy).map(([key, banks]) => {
      const origin = context.origin?.(["interface_policy", key]);
      return [key, { banks, match: { value: undefined, key, ...(origin !== undefined && { origin }) } }] as const;
    }),
  );
  const layers = new WeakMap<PolicyBank, Layered>();
  const steps = new WeakMap<PolicyBank, Map<string, PolicyBank>>();

  function snapshot(layered: Layered, loaded: readonly LoadedBank[]): PolicyBank {
    const bank = compiler.snapshot(layered, loaded);
    layers.set(bank, layered);
    return bank;
  }

  function loadOne(bank: PolicyBank, loading: LoadedBank): PolicyBank {
    const key = [loading.bank, loading.why, loading.key, loading.origin].join("\0");
    const known = steps.get(bank) ?? new Map<string, PolicyBank>();
    steps.set(bank, known);
    const ready = known.get(key);
    if (ready !== undefined) return ready;

    const layered = layers.get(bank);
    if (layered === undefined) throw new Error("a bank of another router");
    // amavisd: what MYNETS stands for is originating mail; the bank's own keys come after that.
    const ours = loading.bank === mynetsBank && loading.why !== "author" && loading.why !== "virus";
    const under = ours ? overlay(layered, "", { originating: true }) : layered;
    const overlaid = overlay(under, loading.bank, settings.policy_bank.get(loading.bank) ?? {});
    const made = snapshot(overlaid, [...bank.loaded, loading]);
    if (known.size < maxSnapshots) known.set(key, made);
    return made;
  }

  function load(bank: PolicyBank, names: readonly string[], why: LoadReason, match?: Match<unknown>): PolicyBank {
    let loaded = bank;
    for (const name of names) {
      if (!settings.policy_bank.has(name) && name !== mynetsBank) continue;
      // amavisd skips a bank that is already the last one loaded.
      if (loaded.loaded.at(-1)?.bank === name) continue;
      loaded = loadOne(loaded, { bank: name, why, ...reason(match) });
    }
    return loaded;
  }

  function loadFor(bank: PolicyBank, listener: string, why: LoadReason): PolicyBank {
    const policy = listeners.get(listener);
    return policy === undefined ? bank : load(bank, policy.banks, why, policy.match);
  }

  /** What a milter's MTA says of the session: its daemon's name, a login. */
  function byMta(bank: PolicyBank, { daemonName, authenticated = false }: MailSession): PolicyBank {
    const named = daemonName === undefined ? bank : load(bank, namedBank(daemonName), "daemon-name");
    if (!authenticated || named.originating) return named;
    const ours = settings.policy_bank.has(originatingBank) ? originatingBank : mynetsBank;
    return load(named, [ours], "authenticated");
  }

  /** Any name may come: only those of banks are looked at, and MYNETS is not for the MTA to name. */
  function namedBank(name: string): readonly string[] {
    return settings.policy_bank.has(name) && name !== mynetsBank ? [name] : [];
  }

  const base = snapshot({ settings: settings.base, from: new Map() }, []);
  return {
    base,
    load,
    atConnect({ address, port, path, bank }) {
      if (bank !== undefined) return load(base, [bank], path === undefined ? "address-port" : "socket");
      if (path !== undefined) return loadFor(loadFor(base, "SOCK", "socket"), path, "socket");
      const name = [`${address}:${port}`, `[${address}]:${port}`].find((each) => listeners.has(each));
      const byPort = loadFor(base, String(port), "port");
      return name === undefined ? byPort : loadFor(byPort, name, "address-port");
    },
    atMail(atConnect, session, sender) {
      const bank = byMta(atConnect, session);
      const address = clientAddress(session.client);
      const policies = bank.client_ipaddr_policy ?? [{ networks: bank.mynetworks_maps, banks: [mynetsBank] }];
      let mine = bank;
      for (const { networks, banks } of policies) {
        // The MTA did not name the client: it is in no network, even where the list holds all addresses.
        const match = address === undefined ? undefined : networks.contains(address);
        if (match?.value !== true) continue;
        mine = load(bank, banks, "client-network", match);
        break;
      }
      if (!mine.originating || sender === "" || !settings.policy_bank.has(myusersBank)) return mine;
      const local = mine.local_domains_maps.first(sender);
      return local?.value === true ? load(mine, [myusersBank], "local-sender", local) : mine;
    },
  };
}

/** Mail to or from this address is ours to receive: local_domains_maps. */
export function isLocal(bank: Pick<PolicyBank, "local_domains_maps">, address: string): boolean {
  return bank.local_domains_maps.first(address)?.value === true;
}

/** amavisd's words for where a mail goes, per recipient; log words and metric labels. */
export type Direction = "Inbound" | "Outbound" | "Internal" | "OpenRelay";

export function direction(bank: Pick<PolicyBank, "local_domains_maps" | "originating">, recipient: string): Direction {
  return directionOf(bank, isLocal(bank, recipient));
}

/** The same for a recipient that was looked up already. */
export function directionOf(bank: Pick<PolicyBank, "originating">, local: boolean): Direction {
  if (bank.originating) return local ? "Internal" : "Outbound";
  return local ? "Inbound" : "OpenRelay";
}

function reason(match: Match<unknown> | undefined): Pick<LoadedBank, "key" | "origin"> {
  if (match === undefined) return {};
  return { key: match.key, ...(match.origin !== undefined && { origin: match.origin }) };
}
