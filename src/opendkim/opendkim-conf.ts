// An opendkim.conf as settings. Each option becomes a setting, is reported, or is an error; nothing is passed over.
import { dirname, resolve } from "node:path";
import type { ConfigSource, Place } from "../config/source.ts";
import { nearest } from "../settings/nearest.ts";
import { untakenNames, untakenOption } from "./opendkim-options.ts";
import { Gathered, type OptionLine, optionLines, type ReadText, readBoolean, readDataSet } from "./option-lines.ts";

/** Options that become settings, as OpenDKIM writes them. */
export const takenNames = [
  "AuthservID",
  "BaseDirectory",
  "Canonicalization",
  "ClockDrift",
  "DNSTimeout",
  "Domain",
  "Include",
  "InternalHosts",
  "KeyFile",
  "KeyTable",
  "LogWhy",
  "MaximumSignaturesToVerify",
  "MinimumKeyBits",
  "Mode",
  "MTA",
  "MultipleSignatures",
  "Nameservers",
  "OmitHeaders",
  "OversignHeaders",
  "PidFile",
  "Selector",
  "SignatureAlgorithm",
  "SignatureTTL",
  "SignHeaders",
  "SigningTable",
  "Socket",
  "SubDomains",
  "Syslog",
  "SyslogFacility",
  "SyslogName",
  "UMask",
  "UserID",
] as const;
export type TakenName = (typeof takenNames)[number];

type Found = Partial<Record<TakenName, OptionLine>>;

const byName = new Map<string, TakenName>(takenNames.map((name) => [name.toLowerCase(), name]));
/** Files within each other. */
const maxIncludes = 10;

export function readOpendkimConf(path: string, read: ReadText): ConfigSource {
  const gathered = new Gathered();
  const found: Found = {};
  readInto(found, path, 0);
  const folder = resolve(dirname(path), found.BaseDirectory?.value ?? ".");
  if (found.BaseDirectory !== undefined) {
    for (const name of ["KeyFile", "KeyTable", "SigningTable"] as const) {
      const line = found[name];
      if (line !== undefined) found[name] = { ...line, value: below(folder, line.value) };
    }
  }
  settle(found, gathered, { path, read: (name) => read(resolve(folder, name)) });
  return gathered.source(folder);

  function readInto(options: Found, file: string, depth: number): void {
    for (const line of optionLines(read(file), file)) {
      const name = byName.get(line.name.toLowerCase());
      if (name === undefined) tellUntaken(line, gathered);
      else if (name === "Include" && depth < maxIncludes)
        tryTo(line, gathered, () => readInto(options, line.value, depth + 1));
      else options[name] = line;
    }
  }
}

/** "refile:table" and "keys/private" as they are found from a folder. */
function below(folder: string, value: string): string {
  const [, kind = "", name = ""] = /^((?:re)?file:)?(.*)$/.exec(value) ?? [];
  return kind === "" && name.includes(":") ? value : `${kind}${resolve(folder, name)}`;
}

function tellUntaken({ name, value, place }: OptionLine, gathered: Gathered): void {
  const untaken = untakenOption(name);
  if (untaken === undefined) {
    const meant = nearest(name, [...takenNames, ...untakenNames]);
    gathered.say("error", `unknown option ${name}${meant === undefined ? "" : `, did you mean ${meant}?`}`, place);
    return;
  }
  const isHarmless = untaken.harmless?.includes(value.toLowerCase()) === true;
  gathered.say(isHarmless ? "note" : untaken.severity, `${name}: ${untaken.why}`, place);
}

function tryTo(line: OptionLine, gathered: Gathered, work: () => void): void {
  try {
    work();
  } catch (error) {
    gathered.say("error", `${line.name}: ${error instanceof Error ? error.message : String(error)}`, line.place);
  }
}

interface Reading {
  readonly path: string;
  readonly read: ReadText;
}

function settle(found: Found, gathered: Gathered, { path, read }: Reading): void {
  const list = (line: OptionLine | undefined): readonly string[] => {
    let members: readonly string[] = [];
    if (line === undefined) return members;
    tryTo(line, gathered, () => {
      const set = readDataSet(line.value, read);
      if (set === undefined)
        throw new Error(`${line.value}: data sets are read from files and lists; write it out as one`);
      members = set;
    });
    return members;
  };
  const top: Place = { file: path, line: 1, column: 1 };
  readable(found, gathered);
  modes(found, gathered, top);
  keys(found, gathered, list);
  signatureOptions(found, gathered, list);
  signedFields(found, gathered, list);
  listeners(found, gathered, list);
  daemon(found, gathered, list);
}

/** Which value was meant is not guessed. */
function readable({ MultipleSignatures, SubDomains, Syslog, LogWhy, DNSTimeout, UMask }: Found, gathered: Gathered) {
  const isBoolean = (value: string) => readBoolean(value) !== undefined;
  for (const [line, expected, isOne] of [
    [MultipleSignatures, "yes or no", isBoolean],
    [SubDomains, "yes or no", isBoolean],
    [Syslog, "yes or no", isBoolean],
    [LogWhy, "yes or no", isBoolean],
    [DNSTimeout, "seconds", (value: string) => /^\d+$/.test(value)],
    [UMask, "an octal number", (value: string) => octal.test(value)],
  ] as const) {
    if (line === undefined || isOne(line.value)) continue;
    const value = line.value === "" ? "nothing" : line.value;
    gathered.say("error", `${line.name}: expected ${expected}, found ${value}`, line.place);
  }
}

const octal = /^0*[0-7]{1,3}$/;

type List = (line: OptionLine | undefined) => readonly string[];

function modes({ Mode, MTA, InternalHosts }: Found, gathered: Gathered, top: Place): void {
  const mode = (Mode?.value ?? "sv").toLowerCase();
  if (Mode !== undefined && !/^(?:s|v|sv|vs)$/.test(mode)) {
    gathered.say("error", `Mode: expected s, v or sv, found ${Mode.value}`, Mode.place);
  }
  gathered.set("enable_dkim_signing", mode.includes("s"), Mode?.place);
  gathered.set("enable_dkim_verification", mode.includes("v"), Mode?.place);
  if (mode.includes("v")) {
    gathered.say(
      "note",
      "Authentication-Results are for recipients of local_domains_maps: name your domains there",
      Mode?.place ?? top,
    );
  }
  if (mode === "v" && (MTA ?? InternalHosts) !== undefined) {
    const { name, place } = MTA ?? InternalHosts ?? { name: "", place: top };
    gathered.say("warning", `${name}: of no effect in mode v`, place);
  }
}

function keys(found: Found, gathered: Gathered, list: List): void {
  const { KeyTable, SigningTable, KeyFile, Selector, Domain, MultipleSignatures } = found;
  for (const [line, setting] of [
    [KeyTable, "dkim_keytable"],
    [SigningTable, "dkim_signingtable"],
  ] as const) {
    if (line === undefined) continue;
    if (/^(?:file:|refile:)?[./]/.test(line.value) || !line.value.includes(":"))
      gathered.set(setting, line.value, line.place);
    else
      gathered.say(
        "error",
        `${line.name}: ${line.value}: tables are read from files (file:, refile:); write it out as one`,
        line.place,
      );
  }
  if (MultipleSignatures !== undefined) {
    gathered.set("dkim_multiple_signatures", readBoolean(MultipleSignatures.value) ?? false, MultipleSignatures.place);
  }
  const single = [KeyFile, Selector, Domain].filter((line) => line !== undefined);
  if (KeyTable !== undefined) {
    if (KeyFile !== undefined)
      gathered.say("error", "KeyFile: stands beside KeyTable; OpenDKIM takes only one of them", KeyFile.place);
    for (const line of [Domain, Selector]) {
      if (line !== undefined) gathered.say("note", `${line.name}: of no effect beside KeyTable`, line.place);
    }
    return;
  }
  const [first] = single;
  if (first === undefined) return;
  if (KeyFile === undefined || Selector === undefined || Domain === undefined) {
    const missing = Object.entries({ Domain, KeyFile, Selector }).flatMap(([name, line]) =>
      line === undefined ? [name] : [],
    );
    gathered.say("error", `${first.name}: a key needs ${missing.join(" and ")} as well`, first.place);
    return;
  }
  const entries = list(Domain).map((domain) => ({ domain, selector: Selector.value, file: KeyFile.value }));
  gathered.set("dkim_keys", entries, KeyFile.place);
}

/** By author: what OpenDKIM has for all signatures, and for subdomains the domain that signs. */
function signatureOptions(found: Found, gathered: Gathered, list: List): void {
  const { Canonicalization, SignatureTTL, SignatureAlgorithm, SubDomains, KeyTable } = found;
  // OpenDKIM does not look at it where there is a KeyTable.
  const Domain = KeyTable === undefined ? found.Domain : undefined;
  const value = Canonicalization?.value.toLowerCase() ?? "simple";
  const [header = "simple", body = "simple"] = value.split("/");
  if (Canonicalization !== undefined && !/^(?:simple|relaxed)(?:\/(?:simple|relaxed))?$/.test(value)) {
    gathered.say(
      "error",
      `Canonicalization: expected simple or relaxed, or two with a slash, found ${value}`,
      Canonicalization.place,
    );
    return;
  }
  const ttl = SignatureTTL === undefined ? 0 : Number(SignatureTTL.value);
  if (SignatureTTL !== undefined && !Number.isInteger(ttl)) {
    gathered.say("error", `SignatureTTL: expected seconds, found ${SignatureTTL.value}`, SignatureTTL.place);
    return;
  }
  const all = { c: `${header}/${body}`, ...(ttl > 0 ? { ttl } : {}) };
  if (SubDomains !== undefined && Domain === undefined) {
    gathered.say("note", "SubDomains: of no effect without Domain, or beside KeyTable", SubDomains.place);
  }
  const below = SubDomains !== undefined && readBoolean(SubDomains.value) === true ? list(Domain) : [];
  const options = {
    ...Object.fromEntries(below.map((domain) => [`.${domain}`, { ...all, d: domain }])),
    ".": all,
  };
  gathered.set("dkim_signature_options_bysender_maps", [options], (Canonicalization ?? SignatureTTL)?.place);
  if (SignatureAlgorithm === undefined) return;
  const algorithm = SignatureAlgorithm.value.toLowerCase();
  const whose = "the key says rsa-sha256 or ed25519-sha256";
  if (algorithm === "rsa-sha256" || algorithm === "ed25519-sha256") {
    gathered.say("note", `SignatureAlgorithm: ${whose}`, SignatureAlgorithm.place);
  } else {
    gathered.say(
      "warning",
      `SignatureAlgorithm: ${algorithm} is not made (RFC 8301); ${whose}`,
      SignatureAlgorithm.place,
    );
  }
}

/** What is not named keeps our own defaults, which sign every field that matters once more than it is there. */
function signedFields({ SignHeaders, OmitHeaders, OversignHeaders }: Found, gathered: Gathered, list: List): void {
  const place = (SignHeaders ?? OmitHeaders ?? OversignHeaders)?.place;
  if (place === undefined) return;
  const counts: Record<string, number> = {};
  const named = list(SignHeaders);
  const isWhole = named.length > 0 && !named.some((name) => /^[*+-]/.test(name));
  if (isWhole) counts["REPLACE"] = 1;
  for (const name of named)
    if (/^[+-]?[^*+-]/.test(name)) counts[name.replace(/^[+-]/, "")] = name.startsWith("-") ? 0 : 1;
  if (isWhole) counts["From"] = 1;
  for (const name of list(OmitHeaders)) {
    if (/^[+]?[^*+.-]/.test(name)) counts[name.replace(/^\+/, "")] = 0;
  }
  for (const name of list(OversignHeaders)) if (/^[+]?[^*+-]/.test(name)) counts[name.replace(/^\+/, "")] = 2;
  gathered.set("signed_header_fields", counts, place);
}

function listeners(found: Found, gathered: Gathered, list: List): void {
  const { Socket, UMask, InternalHosts, MTA } = found;
  // Mail comes by the milter alone.
  gathered.set("inet_socket_port", [], Socket?.place);
  if (Socket !== undefined) {
    const [, port, host] = /^inet6?:(\d+)(?:@(.+))?$/i.exec(Socket.value) ?? [];
    const path = /^(?:(?:local|unix):)?(\/.*)$/i.exec(Socket.value)?.[1];
    const bare = host?.replace(/^\[|\]$/g, "");
    const everywhere = Socket.value.toLowerCase().startsWith("inet6") ? "[::]" : "0.0.0.0";
    const at =
      bare === undefined ? everywhere : bare.includes(":") ? `[${bare}]` : bare === "localhost" ? "127.0.0.1" : bare;
    if (path === undefined && port === undefined) {
      gathered.say("error", `Socket: expected inet:port@host or local:/path, found ${Socket.value}`, Socket.place);
    } else {
      gathered.set("milter_listen", [{ address: path ?? `${at}:${port}` }], Socket.place);
      if (port !== undefined && bare === undefined) {
        gathered.say(
          "warning",
          "Socket: every address is listened on; inet_acl says who may connect, this machine alone unless set",
          Socket.place,
        );
      }
    }
  }
  if (UMask !== undefined && octal.test(UMask.value)) {
    const mode = 0o777 & ~Number.parseInt(UMask.value, 8) & 0o666;
    gathered.set("unix_socket_mode", `0${mode.toString(8)}`, UMask.place);
  }
  const hosts = InternalHosts === undefined ? ["127.0.0.1"] : list(InternalHosts);
  const networks = hosts.map((host) => host.replace(/[[\]]/g, ""));
  const names = networks.filter((host) => !/^!?(?:[\d.]+|[\da-f]*:[\da-f:.]*)(?:\/\d+)?$/i.test(host));
  if (InternalHosts !== undefined && names.length > 0) {
    const said = `InternalHosts: ${names.join(", ")}: clients are known by address, not by name`;
    gathered.say("error", said, InternalHosts.place);
  }
  const own = mostSpecificFirst(networks.filter((host) => !names.includes(host)));
  gathered.set(
    "mynetworks",
    own.map((host) => (host.includes(":") ? bracketed(host) : host)),
    InternalHosts?.place,
  );
  for (const name of list(MTA)) gathered.merge("policy_bank", { [name]: { originating: true } }, MTA?.place);
}

/**
 * OpenDKIM asks for the address, then for smaller to larger networks, each time with "!" before without; in mynetworks the
 * first entry that matches decides.
 */
function mostSpecificFirst(networks: readonly string[]): readonly string[] {
  const rank = (network: string) => {
    const [, not, address = "", bits] = /^(!?)([^/]*)(?:\/(\d+))?$/.exec(network) ?? [];
    const missing = (address.includes(":") ? 128 : 32) - Number(bits ?? (address.includes(":") ? 128 : 32));
    return 2 * missing + (not === "!" ? 0 : 1);
  };
  return networks.toSorted((one, other) => rank(one) - rank(other));
}

function bracketed(network: string): string {
  return network.replace(/^(!?)([^/]+)/, "$1[$2]");
}

function daemon(found: Found, gathered: Gathered, list: List): void {
  const { AuthservID, MinimumKeyBits, ClockDrift, MaximumSignaturesToVerify, DNSTimeout, Nameservers } = found;
  const { UserID, PidFile, Syslog, SyslogFacility, SyslogName, LogWhy } = found;
  if (AuthservID !== undefined && AuthservID.value !== "HOSTNAME")
    gathered.set("myauthservid", AuthservID.value, AuthservID.place);
  for (const [line, setting, least, most] of [
    [MinimumKeyBits, "dkim_minimum_key_bits", 512, 16384],
    [ClockDrift, "dkim_clock_drift", 0, Number.POSITIVE_INFINITY],
    [MaximumSignaturesToVerify, "dkim_max_signatures", 1, 50],
  ] as const) {
    if (line === undefined) continue;
    const number = Number(line.value);
    if (!Number.isInteger(number))
      gathered.say("error", `${line.name}: expected a number, found ${line.value}`, line.place);
    else {
      const taken = Math.min(most, Math.max(least, number));
      gathered.set(setting, taken, line.place);
      if (taken !== number) gathered.say("warning", `${line.name}: ${number} becomes ${taken}`, line.place);
    }
  }
  if (DNSTimeout !== undefined && Number(DNSTimeout.value) > 0)
    gathered.merge("dns", { lookup_timeout: Number(DNSTimeout.value) }, DNSTimeout.place);
  if (Nameservers !== undefined) gathered.merge("dns", { servers: list(Nameservers) }, Nameservers.place);
  if (UserID !== undefined) {
    const [user = "", group] = UserID.value.split(":");
    gathered.set("daemon_user", user, UserID.place);
    if (group !== undefined && group !== "") gathered.set("daemon_group", group, UserID.place);
  }
  if (PidFile !== undefined) gathered.set("pid_file", PidFile.value, PidFile.place);
  if (Syslog !== undefined && readBoolean(Syslog.value) === true) gathered.set("log", { to: "syslog" }, Syslog.place);
  if (SyslogFacility !== undefined)
    gathered.set("syslog_facility", SyslogFacility.value.toLowerCase(), SyslogFacility.place);
  if (SyslogName !== undefined) gathered.set("syslog_ident", SyslogName.value, SyslogName.place);
  if (LogWhy !== undefined && readBoolean(LogWhy.value) === true) gathered.set("log_level", 2, LogWhy.place);
}
