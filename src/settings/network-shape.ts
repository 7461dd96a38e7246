// Shapes of what names hosts, ports, networks and next hops.
import { isIP } from "node:net";
import { parseNetwork } from "../lookup/network.ts";
import type { RawTable } from "../lookup/table.ts";
import { isMapping } from "../lookup/value.ts";
import { parseMethod } from "../smtp/next-hop.ts";
import { anyYield, readTable, type Yield } from "./map-shape.ts";
import { parseServerUrl } from "./server-url.ts";
import { list, type Report, type Shape, show, within } from "./shape.ts";
import type { ClientPolicy } from "./values.ts";

export const port: Shape<number> = {
  words: "a port",
  nullable: false,
  read(value, report) {
    const found = typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value;
    const fits = typeof found === "number" && Number.isInteger(found) && found >= 1 && found <= 65535;
    return fits ? found : report("a port from 1 to 65535", value);
  },
};

/** "https://wiki.example/signpost": an address of the web, without a slash at its end. */
export const webAddress: Shape<string> = {
  words: "an address that begins with https:// or http://",
  nullable: false,
  read(value, report) {
    const given = typeof value === "string" ? value.replace(/\/+$/, "") : "";
    const isOne = /^https?:\/\/[^\s"<>{}]+$/.test(given) && URL.canParse(given);
    return isOne ? given : report("an address that begins with https:// or http://", value);
  },
};

/** "127.0.0.1", "[::1]", "::1" or "*"; brackets taken off. */
const bindAddress: Shape<string> = {
  words: 'an address of this machine, or "*"',
  nullable: true,
  read(value, report) {
    if (value === null || value === "" || value === "*") return "*";
    if (value === 0 || value === "0") return "0.0.0.0";
    if (typeof value !== "string") return report('an address or "*"', value);
    const bare = bareAddress(value);
    return isIP(bare) !== 0 || bare === "localhost" ? bare : report('an address or "*"', value);
  },
};

export function bareAddress(address: string): string {
  return /^\[.*\]$/.test(address) ? address.slice(1, -1).replace(/^IPv6:/i, "") : address;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads "host:port", "[v6]:port", ":port" or a bare port; an empty host is `defaultHost`. */
export function readHostPort(value: unknown, defaultHost: string): HostPort | undefined {
  const [, bracketed, plain, digits] =
    /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(typeof value === "number" ? String(value) : asText(value)) ??
    [];
  const number = Number(digits);
  if (digits === undefined || number > 65535) return undefined;
  const host = bracketed ?? plain ?? "";
  if (bracketed !== undefined && isIP(bracketed) === 0) return undefined;
  return { host: host === "" ? defaultHost : host, port: number };
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** "host:port" in one spelling, `defaultHost` filled in, v6 in brackets. */
export function hostPort(defaultHost: string): Shape<string> {
  const words = defaultHost === "" ? "host:port" : `host:port (${defaultHost} when only a port is given)`;
  return {
    words,
    nullable: false,
    read(value, report) {
      const found = readHostPort(value, defaultHost);
      if (found === undefined || found.host === "") return report('"host:port"', value);
      return `${isIP(found.host) === 6 ? `[${found.host}]` : found.host}:${found.port}`;
    },
  };
}

/** What is found there is not shown: it may hold a password. */
export const redisUrl: Shape<string> = {
  words: "redis://, rediss:// or unix:// and where",
  nullable: false,
  kind: "url-with-password",
  read(value, report) {
    if (typeof value === "string" && parseServerUrl(value) !== undefined) return value;
    return report("!expected redis://host:port/database, rediss://host:port/database or unix:///path?db=number", value);
  },
};

/** A resolver: an address, with a port where it is not 53. */
export const nameServer: Shape<string> = {
  words: "the address of a resolver, with :port where it is not 53",
  nullable: false,
  read(value, report) {
    if (typeof value === "string") {
      const bare = bareAddress(value);
      if (isIP(bare) === 6) return `[${bare}]:53`;
      if (isIP(bare) === 4) return `${bare}:53`;
    }
    const found = readHostPort(value, "");
    if (found === undefined || isIP(found.host) === 0) return report('an address such as "127.0.0.1:53"', value);
    return isIP(found.host) === 6 ? `[${found.host}]:${found.port}` : `${found.host}:${found.port}`;
  },
};

export const network: Shape<string> = {
  words: "a network: 10.0.0.0/8, 10., [fe80::]/10, !net",
  nullable: false,
  read(value, report) {
    const spelling = typeof value === "number" ? String(value) : value;
    if (typeof spelling !== "string") return report("a network such as 10.0.0.0/8", value);
    const net = spelling.trim().replace(/^!+/, "");
    return parseNetwork(net) === undefined ? report("a network such as 10.0.0.0/8 or [fe80::]/10", value) : spelling;
  },
};

/** inet_socket_bind: null and "*" are every address. */
export const bindAddresses: Shape<readonly string[]> = {
  words: 'an address of this machine, or a list of them; "*" or null is every address',
  nullable: true,
  read: (value, report) => (value === null ? ["*"] : list(bindAddress).read(value, report)),
};

/** amavisd's default for mynetworks: loopback, link-local and private addresses (RFC 1918, RFC 4193). */
export const privateNetworks: readonly string[] = [
  "127.0.0.0/8",
  "[::1]",
  "169.254.0.0/16",
  "[fe80::]/10",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "[fc00::]/7",
];

export const networks = list(network, "a list of networks: 10.0.0.0/8, 10., [fe80::]/10, !net");

/** amavisd's method strings. */
export const method: Shape<string | readonly string[] | null> = {
  words: "a next hop: smtp:[127.0.0.1]:10025, lmtp:/run/dovecot/lmtp, smtp:*:* (or a list of them), or null",
  nullable: true,
  read(value, report) {
    if (value === null) return null;
    if (!Array.isArray(value)) return oneMethod.read(value, report);
    return value.map((item: unknown, index) => oneMethod.read(item, within(report, index)));
  },
};

export const methodYield: Yield<"methods"> = {
  kind: "methods",
  words: "a next hop, or a list of them",
  read: (value, report) => method.read(value, report),
};

const oneMethod: Shape<string> = {
  words: "a next hop",
  nullable: false,
  read(value, report) {
    if (typeof value !== "string") return report('a next hop such as "smtp:[127.0.0.1]:10025"', value);
    // "" leaves delivery to the MTA (milter); amavisd has further kinds that are kept as they are.
    if (value === "" || /^(pipe|bsmtp|sql|local):/.test(value)) return value;
    const parsed = parseMethod(value);
    return "template" in parsed ? value : report(`!${show(value)}: ${parsed.problem}`, value);
  },
};

/** Bank names: "A, B" or a list. */
export const bankNames: Shape<readonly string[]> = {
  words: "the name of a policy bank, or several (a list, or with commas)",
  nullable: true,
  read(value, report) {
    if (value === null || value === "") return [];
    if (typeof value === "string") return splitNames(value);
    if (!Array.isArray(value)) return report("the name of a policy bank", value);
    return value.flatMap((name: unknown, index) =>
      typeof name === "string" ? splitNames(name) : report("the name of a policy bank", name, [index]),
    );
  },
};

export function splitNames(names: string): string[] {
  return names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** client_ipaddr_policy in its three spellings: records, pairs, and amavisd's flat list of tables and banks. */
export const clientPolicy: Shape<readonly ClientPolicy[] | null> = {
  words: "a list of { networks, banks }, or null",
  nullable: true,
  read(value, report) {
    if (value === null) return null;
    if (!Array.isArray(value)) return report("a list of { networks, banks }", value);
    return pairs(value).map(({ networks: nets, banks, at }) => {
      if (nets.value === undefined || banks.value === undefined) {
        return report("{ networks: [...], banks: [...] }", value[at[0]], at);
      }
      return {
        networks: readNetworkTable(nets.value, within(report, ...nets.at)),
        banks: bankNames.read(banks.value, within(report, ...banks.at)),
      };
    });
  },
};

interface Placed {
  readonly value: unknown;
  /** Steps from the list to the value. */
  readonly at: readonly (string | number)[];
}

interface ClientPolicyPair {
  readonly networks: Placed;
  readonly banks: Placed;
  readonly at: readonly [number];
}

function pairs(value: readonly unknown[]): ClientPolicyPair[] {
  // Every second one is text, the name of a bank; among the others a table may be text as well, one network.
  const flat =
    value.length % 2 === 0 &&
    value.every((item, index) => index % 2 === 0 || typeof item === "string") &&
    !value.every(isMapping);
  if (flat) {
    return value.flatMap((item, at) => {
      if (at % 2 === 1) return [];
      return [
        { networks: { value: item, at: [at] }, banks: { value: value[at + 1], at: [at + 1] }, at: [at] as const },
      ];
    });
  }
  return value.map((item, at) => {
    const inside = (name: string, index: number): Placed => {
      if (isMapping(item)) return { value: item[name], at: [at, name] };
      return { value: Array.isArray(item) && item.length === 2 ? item[index] : undefined, at: [at, index] };
    };
    return { networks: inside("networks", 0), banks: inside("banks", 1), at: [at] as const };
  });
}

/** A list of networks, or a mapping by prefix. */
function readNetworkTable(value: unknown, report: Report): RawTable {
  return isMapping(value) ? readTable(value, anyYield, report) : networks.read(value, report);
}

/** Where p0f-analyzer listens. */
export interface FingerprintPlace {
  readonly host: string;
  readonly port: number;
}

/** "p0f:127.0.0.1:2345", "p0f:[::1]:2345"; undefined for anything else. */
export function parseFingerprintMethod(method: string): FingerprintPlace | undefined {
  const [, bracketed, plain = "", digits = ""] =
    /^p0f:(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/i.exec(method.trim()) ?? [];
  const host = bracketed ?? plain;
  const found = Number(digits);
  return isIP(host) !== 0 && found > 0 && found < 65_536 ? { host, port: found } : undefined;
}

export const fingerprintMethod: Shape<string> = {
  words: "p0f:ADDRESS:PORT",
  nullable: false,
  read(value, report) {
    const taken = typeof value === "string" && parseFingerprintMethod(value) !== undefined;
    return taken ? value : report("p0f:ADDRESS:PORT, such as p0f:127.0.0.1:2345", value);
  },
};
