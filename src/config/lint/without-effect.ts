// Configurations that can be used and do less than their author thinks: nothing is signed, nobody sees a result, a listener stays
// closed, mail has nowhere to go.
import type { BankOverlay, BankSettings } from "../../settings/bank-settings.ts";
import type { MethodSetting } from "../../settings/values.ts";
import type { Config } from "../config.ts";
import { everyBank } from "../references.ts";
import type { SettingPath } from "../source.ts";
import type { Say } from "./advice.ts";
import { banksAt, type ListenerAt, listenersOf } from "./listeners.ts";

export function lintWithoutEffect(config: Config, say: Say): void {
  lintSigning(config, say);
  lintResults(config, say);
  for (const listener of listenersOf(config)) lintListener(config, listener, say);
  lintNames(config, say);
  lintRejects(config, say);
}

/** Signing needs a key, and mail that counts as ours. */
function lintSigning(config: Config, say: Say): void {
  const at = whereTrue(config, "enable_dkim_signing");
  if (at === undefined) return;
  if (config.dkim_keys.length === 0 && config.dkim_key_dir === null && config.dkim_keytable === null) {
    say("warning", at, "there is no key (dkim_keys, dkim_key_dir, dkim_keytable): nothing is signed");
  }
  const isOurs =
    // By milter, mail of a client that has logged in is ours.
    config.milter_listen.length > 0 ||
    everyBank(config).some(
      ({ settings }) =>
        settings.originating === true ||
        (settings.mynetworks_maps ?? []).some((table) => !(Array.isArray(table) && table.length === 0)),
    );
  if (!isOurs) {
    say("warning", at, "no mail counts as ours (originating in a bank, mynetworks): nothing is signed");
  }
}

/** Authentication-Results are for local recipients alone. */
function lintResults(config: Config, say: Say): void {
  const at = verifications.map((name) => whereTrue(config, name)).find((path) => path !== undefined);
  const isAnybodyLocal = everyBank(config).some(({ settings }) => (settings.local_domains_maps ?? []).length > 0);
  if (at !== undefined && !isAnybodyLocal) {
    say("warning", at, "local_domains_maps is empty: no recipient is local, so nobody gets Authentication-Results");
  }
}

const verifications = ["enable_dkim_verification", "enable_spf_verification", "enable_arc_verification"] as const;

type Toggle = "enable_dkim_signing" | (typeof verifications)[number];

/** The first place that turns a setting on. */
function whereTrue(config: Config, name: Toggle): SettingPath | undefined {
  const bank = everyBank(config).find(({ settings }) => settings[name] === true);
  return bank === undefined ? undefined : [...bank.path, name];
}

function lintListener(config: Config, listener: ListenerAt, say: Say): void {
  const loaded = banksAt(config, listener);
  const settings: BankSettings = Object.assign(
    { ...config.base },
    ...loaded.map((name) => config.policy_bank.get(name)),
  );
  const where = listener.socket ?? `port ${listener.port}`;
  if (settings.protocol === "AM.PDP" || settings.protocol === "TCP-LOOKUP") {
    say("warning", listener.path, `${where} stays closed: ${settings.protocol} is not spoken here`);
    return;
  }
  if (!hasNextHop(settings) && !isSetLater(config, loaded)) {
    const owner = loaded.findLast((name) => config.policy_bank.get(name)?.forward_method !== undefined);
    const path = owner === undefined ? ["forward_method"] : ["policy_bank", owner, "forward_method"];
    say("error", path, `mail that comes in by ${where} has no next hop: all of it would be put off`);
  }
  if (mustBeSigned(settings) && !settings.enable_dkim_verification) {
    const message = `mail that comes in by ${where} is not verified (enable_dkim_verification is off): no author there has signed`;
    say("error", ["author_must_sign_maps"], message);
  }
  // A configuration that turns nothing on says so itself.
  const isUsed = [...verifications, "enable_dkim_signing" as const].some(
    (name) => whereTrue(config, name) !== undefined,
  );
  if (isUsed && !settings.originating && verifications.every((name) => !settings[name])) {
    say("note", listener.path, `mail that comes in by ${where} is not verified: enable_dkim_verification is off`);
  }
}

/** Mail of some authors is kept back unless a signature holds. */
function mustBeSigned({ author_must_sign_maps, final_must_sign_destiny, originating }: BankSettings): boolean {
  return author_must_sign_maps.length > 0 && final_must_sign_destiny !== "D_PASS" && !originating;
}

function hasNextHop(settings: BankOverlay): boolean {
  return (settings.forward_method_maps ?? []).length > 0 || isMethod(settings.forward_method ?? null);
}

function isMethod(method: MethodSetting): boolean {
  return typeof method === "string" ? method !== "" : (method ?? []).some((one) => one !== "");
}

/** A bank that is loaded by client, sender or author may know where mail goes. */
function isSetLater(config: Config, loaded: readonly string[]): boolean {
  return [...config.policy_bank].some(([name, overlay]) => !loaded.includes(name) && hasNextHop(overlay));
}

/** RFC 8601 section 2.5: an authserv-id is unique; a name without a domain is not, and goes into every field of ours. */
function lintNames(config: Config, say: Say): void {
  for (const { path, settings } of everyBank(config)) {
    const { myhostname } = settings;
    if (myhostname === undefined || myhostname.includes(".")) continue;
    const message = `"${myhostname}" has no domain: Received, Authentication-Results and senders of notices carry it; set a full name`;
    say("warning", [...path, "myhostname"], message);
  }
}

/** Of the kinds of mail whose sender is often made up. */
const rejecting = [
  "final_dmarc_destiny",
  "final_must_sign_destiny",
  "final_virus_destiny",
  "final_banned_destiny",
  "final_unchecked_destiny",
  "final_spam_destiny",
] as const;

/** Postfix has answered its client before a filter behind its queue sees the mail. */
function lintRejects(config: Config, say: Say): void {
  // A milter answers before the MTA has.
  if (listenersOf(config).length === 0) return;
  for (const { path, settings } of everyBank(config)) {
    // Mail of our own users has no forged senders.
    if (settings.originating === true) continue;
    for (const name of rejecting) {
      if (settings[name] !== "D_REJECT") continue;
      say(
        "note",
        [...path, name],
        "D_REJECT is for a filter before the queue; behind it Postfix makes a bounce, to a sender who may be forged",
      );
    }
  }
}
