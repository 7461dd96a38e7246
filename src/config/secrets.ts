// Settings that hold a secret: for the lint of files' permissions, and to keep them out of what is printed.
import { parseServerUrl } from "../settings/server-url.ts";
import type { Config } from "./config.ts";
import { everyBank } from "./references.ts";
import type { SettingPath } from "./source.ts";

/** Bank settings that are passwords. */
const passwords = ["amavis_auth_pass", "attachment_password"] as const;

/** Stands in print where a secret is. */
const hidden = "(not shown)";

/** Where secrets stand in a configuration. */
export function secretPaths(config: Config): SettingPath[] {
  const keys = config.dkim_keys.flatMap(({ key }, index) => (key === undefined ? [] : [["dkim_keys", index, "key"]]));
  const redis = hasPassword(config.redis.url) ? [["redis", "url"]] : [];
  const ofBanks = everyBank(config).flatMap(({ path, settings }) =>
    passwords.flatMap((name) => (isSecret(settings[name]) ? [[...path, name]] : [])),
  );
  return [...keys, ...redis, ...ofBanks];
}

/** The same configuration with each secret replaced: to be shown, not to be used. */
export function withoutSecrets(config: Config): Config {
  const hide = <T extends Partial<Config["base"]>>(settings: T): T => {
    const found = passwords.filter((name) => isSecret(settings[name]));
    return { ...settings, ...Object.fromEntries(found.map((name) => [name, hidden])) };
  };
  return {
    ...config,
    dkim_keys: config.dkim_keys.map((key) => (key.key === undefined ? key : { ...key, key: hidden })),
    redis: { ...config.redis, url: withoutPassword(config.redis.url) },
    base: hide(config.base),
    policy_bank: new Map([...config.policy_bank].map(([name, bank]) => [name, hide(bank)])),
  };
}

function isSecret(value: string | null | undefined): boolean {
  return value !== undefined && value !== null && value !== "";
}

function hasPassword(url: string | null): boolean {
  return url !== null && parseServerUrl(url)?.password !== undefined;
}

/** In a URL of a socket the password is a query parameter, else it is a part of its own. */
function withoutPassword(text: string | null): string | null {
  const url = text === null || !hasPassword(text) ? null : URL.parse(text.startsWith("/") ? `unix://${text}` : text);
  if (url === null) return text;
  if (url.password !== "") url.password = "hidden";
  if (url.searchParams.has("password")) url.searchParams.set("password", "hidden");
  return url.href;
}
