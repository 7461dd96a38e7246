// Settings that hold a secret, by their shapes: for the lint of files' permissions, and to keep them out of what is printed.

import { isMapping } from "../lookup/value.ts";
import { knownNamed } from "../settings/registry.ts";
import { parseServerUrl } from "../settings/server-url.ts";
import type { Shape } from "../settings/shape.ts";
import { withTexts } from "../settings/texts.ts";
import type { Config } from "./config.ts";
import type { ConfigSource, SettingPath } from "./source.ts";

/** Stands in print where a secret is. */
const hidden = "(not shown)";

/** Where secrets stand in a configuration, those included that nothing acts on: these are in its source alone. */
export function secretPaths(config: Config, source: Pick<ConfigSource, "settings">): SettingPath[] {
  const { base, policy_bank: banks, ...global } = config;
  const ofBanks = [...banks].flatMap(([name, bank]) => secretsIn(bank).map((path) => ["policy_bank", name, ...path]));
  return [...secretsIn(global), ...secretsIn(base), ...ofBanks, ...knownSecrets(source.settings)];
}

function knownSecrets({ policy_bank: banks, ...settings }: ConfigSource["settings"]): SettingPath[] {
  const ofBanks = Object.entries(isMapping(banks) ? banks : {}).flatMap(([name, bank]) =>
    isMapping(bank) ? knownSecrets(bank).map((path) => ["policy_bank", name, ...path]) : [],
  );
  const known = Object.entries(settings).filter(([name]) => knownNamed(name) !== undefined);
  return [...secretsIn(Object.fromEntries(known)), ...ofBanks];
}

function secretsIn(settings: object): SettingPath[] {
  const paths: SettingPath[] = [];
  withTexts(settings, (text, { kind }, path) => {
    if (withoutSecret(text, kind) !== text) paths.push(path);
    return text;
  });
  return paths;
}

/** The same configuration with each secret replaced: to be shown, not to be used. */
export function withoutSecrets(config: Config): Config {
  const { base, policy_bank: banks, ...global } = config;
  const hide = <T extends object>(settings: T): T => withTexts(settings, (text, { kind }) => withoutSecret(text, kind));
  return {
    ...hide(global),
    base: hide(base),
    policy_bank: new Map([...banks].map(([name, bank]) => [name, hide(bank)])),
  };
}

function withoutSecret(text: string, kind: Shape<unknown>["kind"]): string {
  if (kind === "secret") return text === "" ? text : hidden;
  return kind === "url-with-password" ? withoutPassword(text) : text;
}

/** In a URL of a socket the password is a query parameter, else it is a part of its own. */
function withoutPassword(text: string): string {
  if (parseServerUrl(text)?.password === undefined) return text;
  const url = URL.parse(text.startsWith("/") ? `unix://${text}` : text);
  if (url === null) return text;
  if (url.password !== "") url.password = "hidden";
  if (url.searchParams.has("password")) url.searchParams.set("password", "hidden");
  return url.href;
}
