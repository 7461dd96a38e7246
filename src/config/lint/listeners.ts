// Listeners: who can reach them, whether interface_policy names one that is there, and next hops that are listeners of ours.
import { isIP } from "node:net";
import type { BankOverlay } from "../../settings/bank-settings.ts";
import { bareAddress, readHostPort } from "../../settings/network-shape.ts";
import type { MethodSetting } from "../../settings/values.ts";
import { parseMethod } from "../../smtp/next-hop.ts";
import type { Config } from "../config.ts";
import type { SettingPath } from "../source.ts";
import type { Say } from "./advice.ts";

export interface ListenerAt {
  /** "" for a unix socket. */
  readonly address: string;
  readonly port: number;
  readonly socket?: string;
  readonly path: SettingPath;
}

/** Every place the daemon listens on for mail. */
export function listenersOf(config: Config): ListenerAt[] {
  const tcp = config.inet_socket_port.flatMap((port, index) =>
    config.inet_socket_bind.map((address) => ({ address, port, path: ["inet_socket_port", index] })),
  );
  const listed = config.listen_sockets.flatMap((listener, index) => {
    const path = ["listen_sockets", index];
    if (listener.startsWith("/")) return [{ address: "", port: 0, socket: listener, path }];
    const found = readHostPort(listener, "*");
    return found === undefined ? [] : [{ address: found.host, port: found.port, path }];
  });
  const sockets = config.unix_socketname.map((socket, index) => {
    return { address: "", port: 0, socket, path: ["unix_socketname", index] };
  });
  return [...tcp, ...listed, ...sockets];
}

/** Every place where an MTA finds us as a milter, with the bank that its mail starts with. */
function milterListeners(config: Config): (ListenerAt & { readonly banks: readonly string[] })[] {
  return config.milter_listen.flatMap(({ address, bank }, index) => {
    const found = readHostPort(address, "*");
    if (address.startsWith("/") || found === undefined) return [];
    const banks = bank === null ? [] : [bank];
    return [{ address: found.host, port: found.port, path: ["milter_listen", index], banks }];
  });
}

export function lintListeners(config: Config, isSet: (path: SettingPath) => boolean, say: Say): void {
  const all = listenersOf(config);
  if (all.length === 0 && config.milter_listen.length === 0)
    say("warning", ["inet_socket_port"], "there is no port and no socket to listen on");
  const bySmtp = all.map((listener) => ({ ...listener, banks: banksAt(config, listener) }));
  for (const listener of [...bySmtp, ...milterListeners(config)]) lintReach(config, listener, isSet, say);
  lintPolicies(config, all, say);
  lintLoops(config, all, say);
  // An MTA that asks as a milter tells the client in its own protocol.
  if (all.length > 0) lintClients(config, isSet, say);
  const metrics = config.metrics.listen === null ? undefined : readHostPort(config.metrics.listen, "");
  if (metrics !== undefined && !isLoopback(metrics.host)) {
    say("warning", ["metrics", "listen"], "the endpoint can be reached from other machines, and it needs no login");
  }
}

function namesNobody({ mynetworks, base }: Config, setting: string): boolean {
  return setting === "mynetworks"
    ? mynetworks.length === 0
    : setting === "mynetworks_maps" && base.mynetworks_maps.length === 0;
}

/** Whether Postfix sends XFORWARD cannot be seen here; without it every client counts as foreign. */
function lintClients(config: Config, isSet: (path: SettingPath) => boolean, say: Say): void {
  const byNetwork = ["client_ipaddr_policy", "mynetworks_maps", "mynetworks"].find((name) => isSet([name]));
  if (
    byNetwork === undefined ||
    namesNobody(config, byNetwork) ||
    !(config.base.enable_dkim_signing || config.policy_bank.has("MYNETS"))
  )
    return;
  const line = "-o smtp_send_xforward_command=yes";
  say(
    "note",
    [byNetwork],
    `needs the client from Postfix: its transport to signpost must have ${line}, as "signpost postfix --apply" sets it`,
    "name",
  );
}

function isLoopback(address: string): boolean {
  const bare = bareAddress(address);
  return bare === "localhost" || bare === "::1" || bare.startsWith("127.");
}

function lintReach(
  config: Config,
  listener: ListenerAt & { readonly banks: readonly string[] },
  isSet: (path: SettingPath) => boolean,
  say: Say,
): void {
  if (listener.socket !== undefined || isLoopback(listener.address)) return;
  const owner = listener.banks.findLast((name) => config.policy_bank.get(name)?.inet_acl !== undefined);
  const acl = (owner === undefined ? undefined : config.policy_bank.get(owner)?.inet_acl) ?? config.base.inet_acl;
  const where = `port ${listener.port} at ${listener.address === "*" ? "every address" : listener.address}`;
  const path = owner === undefined ? ["inet_acl"] : ["policy_bank", owner, "inet_acl"];
  if (acl.some((net) => everyone.has(net))) {
    const harm = listener.path[0] === "milter_listen" ? "have mail signed by" : "send mail through";
    say("error", path, `anybody can ${harm} ${where}; name the MTA's addresses only`);
  } else if (owner === undefined && !isSet(["inet_acl"])) {
    say(
      "warning",
      listener.path,
      `${where} is reachable from outside, but inet_acl is not set: only this machine may connect`,
    );
  }
}

const everyone: ReadonlySet<string> = new Set(["0.0.0.0/0", "0/0", "[::]/0", "::/0"]);

/** The banks that a connection to a listener loads, in order. */
export function banksAt(config: Config, { address, port, socket }: ListenerAt): string[] {
  const keys = socket === undefined ? [`${port}`, `${address}:${port}`, `[${address}]:${port}`] : ["SOCK", socket];
  return keys.flatMap((key) =>
    Object.hasOwn(config.interface_policy, key) ? (config.interface_policy[key] ?? []) : [],
  );
}

/** Says which entries of interface_policy name no listener. */
function lintPolicies(config: Config, all: readonly ListenerAt[], say: Say): void {
  for (const key of Object.keys(config.interface_policy)) {
    if (key === "SOCK" ? all.some(({ socket }) => socket !== undefined) : all.some((listener) => isAt(listener, key)))
      continue;
    say("warning", ["interface_policy", key], "nothing listens there", "name");
  }
}

function isAt({ address, port, socket }: ListenerAt, key: string): boolean {
  if (key.startsWith("/")) return key === socket;
  const found = readHostPort(key, "*");
  if (found === undefined || socket !== undefined || found.port !== port) return false;
  return found.host === "*" || address === "*" || bareAddress(address) === found.host;
}

/** Warns of next hops that are listeners of ours. When mail would come back to where it came in, that is an error. */
function lintLoops(config: Config, all: readonly ListenerAt[], say: Say): void {
  const ways = all.map((listener) => nextListeners(config, listener, all));
  for (const [start, way] of ways.entries()) {
    for (const { to, path, name } of way) {
      const loop = reaches(ways, to, start, new Set());
      say(
        loop ? "error" : "warning",
        path,
        `${name}: mail that comes in by port ${all[start]?.port} is sent to port ${all[to]?.port}, which is ours${loop ? ": it never gets out" : ""}`,
      );
    }
  }
}

interface Way {
  readonly to: number;
  readonly path: SettingPath;
  readonly name: string;
}

function nextListeners(config: Config, listener: ListenerAt, all: readonly ListenerAt[]): Way[] {
  const banks = banksAt(config, listener);
  return (["forward_method", "notify_method"] as const).flatMap((setting) => {
    const bank = banks.findLast((name) => config.policy_bank.get(name)?.[setting] !== undefined);
    const overlay: BankOverlay = bank === undefined ? config.base : (config.policy_bank.get(bank) ?? {});
    const path = bank === undefined ? [setting] : ["policy_bank", bank, setting];
    return methods(overlay[setting] ?? null).flatMap((method) => {
      const to = all.findIndex((other) => leadsTo(method, listener, other));
      return to === -1 ? [] : [{ to, path, name: method }];
    });
  });
}

function methods(setting: MethodSetting): readonly string[] {
  if (setting === null) return [];
  return typeof setting === "string" ? [setting] : setting;
}

function leadsTo(method: string, from: ListenerAt, to: ListenerAt): boolean {
  const parsed = parseMethod(method);
  if (!("template" in parsed)) return false;
  const { template } = parsed;
  if ("path" in template) return template.path === to.socket;
  if (to.socket !== undefined) return false;
  const port = template.port === "*" ? from.port + 1 : template.port;
  if (port !== to.port) return false;
  // "*" is the MTA that connected: it is on this machine when the listener is on loopback.
  if (template.host === "*") return isLoopback(from.address);
  if (to.address === "*") return isLoopback(template.host) || isIP(template.host) === 0;
  return (
    bareAddress(template.host) === bareAddress(to.address) || (isLoopback(template.host) && isLoopback(to.address))
  );
}

function reaches(ways: readonly (readonly Way[])[], from: number, wanted: number, seen: Set<number>): boolean {
  if (from === wanted) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return (ways[from] ?? []).some(({ to }) => reaches(ways, to, wanted, seen));
}
