// milter_listen: where MTAs find us as a milter, by the spellings that Postfix, sendmail and OpenDKIM know.

import { isMapping } from "../lookup/value.ts";
import { readHostPort } from "./network-shape.ts";
import type { Shape } from "./shape.ts";

export interface MilterListenerSetting {
  /** "127.0.0.1:8891" or the path of a unix socket. */
  readonly address: string;
  /** The bank that its mail starts with; null: that of the base, and what client and login load. */
  readonly bank: string | null;
}

const wanted = 'an address such as "127.0.0.1:8891", "inet:8891@127.0.0.1" or "/path/of/a/socket"';

export const milterListener: Shape<MilterListenerSetting> = {
  words: `{ address, bank }, or the address alone: ${wanted}`,
  nullable: false,
  read(value, report) {
    if (!isMapping(value)) {
      return { address: readAddress(value) ?? report(wanted, value), bank: null };
    }
    const { address, bank = null, ...others } = value;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) return report(`!a milter listener has an address and a bank, not "${unknown}"`, value);
    const found = readAddress(address);
    if (found === undefined) return report(wanted, address, ["address"]);
    if (bank !== null && (typeof bank !== "string" || bank === "")) return report("the name of a bank", bank, ["bank"]);
    return { address: found, bank };
  },
};

/** One form for all spellings; undefined for what is none. */
function readAddress(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value);
  const path = text.replace(/^(?:unix|local):/i, "");
  if (path.startsWith("/")) return path;
  if (path !== text) return undefined;
  const [, port, host] = /^inet6?:(\d+)@(.+)$/i.exec(text) ?? [];
  const bare = port !== undefined && host !== undefined ? `${bracketed(host)}:${port}` : text.replace(/^inet6?:/i, "");
  const found = readHostPort(bare, "127.0.0.1");
  return found === undefined || found.host === "" ? undefined : `${bracketed(found.host)}:${found.port}`;
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
