// DKIMproxy's dkimproxy_out.conf, with its sender map, and dkimproxy_in.conf as settings. Each option becomes a setting, is reported, or
// is an error.
import { dirname, resolve } from "node:path";
import type { ConfigSource, Place } from "../config/source.ts";
import { Gathered, type OptionLine, optionLines, type ReadText } from "./option-lines.ts";

const taken = [
  ...["daemonize", "domain", "group", "hostname", "keyfile", "listen", "method", "pidfile", "relay", "selector"],
  ...["sender_map", "signature", "user"],
] as const;
/** Options about the number of processes: of no effect here. */
const processes = [
  "min_servers",
  "max_servers",
  "min_spare_servers",
  "max_spare_servers",
  "max_requests",
  "debug",
  "daemonize",
];

interface SignatureSpec {
  readonly kind: string;
  readonly options: Readonly<Record<string, string>>;
  readonly place: Place;
}

/** Of a signature: algorithm, canonicalization, domain, identity, key file, selector. */
const specOptions = ["a", "c", "d", "i", "key", "s"];
/** What says how to sign, and nothing else. */
const ofSigning = ["domain", "method", "selector"];

interface SigningKeyText {
  readonly domain: string;
  readonly selector: string;
  readonly file: string;
}

export function readDkimproxyConf(path: string, read: ReadText): ConfigSource {
  const gathered = new Gathered();
  const found = new Map<string, OptionLine>();
  const signatures: OptionLine[] = [];
  for (const line of optionLines(read(path), path)) {
    const name = line.name.toLowerCase().replaceAll("-", "_");
    if (name === "signature") signatures.push(line);
    else found.set(name, line);
  }
  const isSigning = signatures.length > 0 || found.has("keyfile") || found.has("sender_map");
  const folder = dirname(path);
  for (const [name, line] of found) tell(name, line, gathered);
  listeners(found, gathered);
  // What comes by that port is signed, whatever its sender; a verifying one is a port of its own.
  gathered.set("originating", isSigning, undefined);
  gathered.set("mynetworks_maps", [], undefined);
  gathered.set("enable_dkim_signing", isSigning, undefined);
  gathered.set("enable_dkim_verification", !isSigning, undefined);
  if (isSigning) signing(found, signatures, gathered, (name) => read(resolve(folder, name)));
  else {
    for (const name of ofSigning) {
      const line = found.get(name);
      if (line !== undefined) gathered.say("note", `${name}: of no effect in a file that signs nothing`, line.place);
    }
  }
  return gathered.source(folder);
}

function tell(name: string, { value, place }: OptionLine, gathered: Gathered): void {
  if (processes.includes(name)) gathered.say("note", `${name}: processes of DKIMproxy`, place);
  else if (name === "reject_error")
    gathered.say("note", "reject_error: mail that cannot be signed is put off with 451", place);
  else if (name === "reject_fail") {
    gathered.say("error", "reject_fail: mail is not refused for a signature alone; see final_dmarc_destiny", place);
  } else if (name === "listid_map") {
    gathered.say(
      "error",
      "listid_map: signatures go by author; give each list a bank or an entry by its address",
      place,
    );
  } else if (name === "identity") {
    gathered.say(
      "error",
      `identity: i= goes into dkim_signature_options_bysender_maps: { i: ${JSON.stringify(value)} }`,
      place,
    );
  } else if (name === "tls_cert" || name === "tls_key") {
    gathered.set(name === "tls_cert" ? "smtpd_tls_cert_file" : "smtpd_tls_key_file", value, place);
    gathered.set("tls_security_level_in", "may", place);
  } else if (!taken.some((each) => each === name)) {
    gathered.say("error", `unknown option ${name}`, place);
  }
}

function listeners(found: ReadonlyMap<string, OptionLine>, gathered: Gathered): void {
  const at = (name: string) => {
    const line = found.get(name);
    const [, host = "", port = ""] = /^(.*?):?(\d+)$/.exec(line?.value ?? "") ?? [];
    if (line !== undefined && port === "")
      gathered.say("error", `${name}: expected address:port, found ${line.value}`, line.place);
    return line === undefined || port === ""
      ? undefined
      : { host: host.replace(/:$/, ""), port: Number(port), place: line.place };
  };
  const listen = at("listen");
  if (listen !== undefined) {
    gathered.set("inet_socket_port", [listen.port], listen.place);
    gathered.set("inet_socket_bind", [listen.host === "" ? "127.0.0.1" : listen.host], listen.place);
  }
  const relay = at("relay");
  if (relay !== undefined) {
    const hop = `smtp:[${relay.host === "" ? "127.0.0.1" : relay.host}]:${relay.port}`;
    gathered.set("forward_method", hop, relay.place);
    gathered.set("notify_method", hop, relay.place);
  }
  for (const [name, setting] of [
    ["user", "daemon_user"],
    ["group", "daemon_group"],
    ["pidfile", "pid_file"],
    ["hostname", "myauthservid"],
  ] as const) {
    const line = found.get(name);
    if (line !== undefined) gathered.set(setting, line.value, line.place);
  }
}

function signing(
  found: ReadonlyMap<string, OptionLine>,
  signatures: readonly OptionLine[],
  gathered: Gathered,
  read: ReadText,
): void {
  const keys = new Map<string, SigningKeyText>();
  const bySender: Record<string, unknown> = {};
  const domains = (found.get("domain")?.value ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const fallback = { selector: found.get("selector")?.value ?? "", file: found.get("keyfile")?.value ?? "" };
  const method = found.get("method");
  let methodCounts = false;
  const said = new Set<string>();

  /** Once, though the signature may be one of several domains. */
  function say(severity: "error" | "warning", message: string, place: Place): void {
    const key = `${place.file}:${place.line} ${message}`;
    if (!said.has(key)) gathered.say(severity, message, place);
    said.add(key);
  }

  /** Gives the options that the map has for it, undefined for none. */
  function take({ kind, options, place }: SignatureSpec, domain: string): object | undefined {
    if (kind !== "dkim") {
      say("warning", `${kind} signatures (RFC 4870) are not made`, place);
      return undefined;
    }
    const { d = domain, s = fallback.selector, key = fallback.file, c = method?.value, a, i } = options;
    methodCounts ||= options["c"] === undefined;
    if (s === "" || key === "") {
      say("error", `a signature for ${d} needs selector and keyfile`, place);
      return undefined;
    }
    for (const name of Object.keys(options)) {
      if (!specOptions.includes(name)) say("error", `${name}: a signature has a, c, d, i, key and s`, place);
    }
    if (a !== undefined && a !== "rsa-sha256") say("warning", `${a} is not made (RFC 8301): rsa-sha256 is`, place);
    if (c === "nowsp") say("warning", "nowsp is of a draft; relaxed is made", place);
    keys.set(`${d} ${s} ${key}`, { domain: d, selector: s, file: key });
    // Mail::DKIM, too, takes a single word for the header's (RFC 6376 section 3.5).
    const [header = "relaxed", body = "simple"] = (c === "nowsp" || c === undefined ? "relaxed" : c).split("/");
    return { d, s, c: `${header}/${body}`, ...(i === undefined ? {} : { i }) };
  }

  function add(pattern: string, domain: string, specs: readonly SignatureSpec[]): void {
    const sets = specs.flatMap((spec) => take(spec, domain) ?? []);
    const [only] = sets;
    if (only !== undefined) bySender[pattern] = sets.length === 1 ? only : sets;
  }

  const map = found.get("sender_map");
  if (map !== undefined) {
    try {
      for (const { name, value, place } of optionLines(read(map.value), map.value)) {
        const domain = name.slice(name.lastIndexOf("@") + 1);
        // A domain stands for those below it as well.
        add(name.includes("@") || name === "." ? name : `.${domain}`, domain, readSpecs(value, place));
      }
    } catch (error) {
      gathered.say("error", `sender_map: ${error instanceof Error ? error.message : String(error)}`, map.place);
    }
  }
  const first = found.get("domain") ?? signatures[0] ?? found.get("keyfile");
  const specs = signatures.flatMap(({ value, place }) => readSpecs(value, place));
  if (first !== undefined) {
    const all = specs.length === 0 ? [{ kind: "dkim", options: {}, place: first.place }] : specs;
    // One domain signs for everybody, several for their own.
    if (domains.length === 1) add(".", domains[0] ?? "", all);
    else for (const domain of domains) add(`.${domain}`, domain, all);
  }
  if (method !== undefined && !methodCounts) {
    gathered.say("note", "method: of no effect, each signature has its c", method.place);
  }
  gathered.set("dkim_keys", [...keys.values()], found.get("keyfile")?.place ?? map?.place);
  gathered.set("dkim_signature_options_bysender_maps", [bySender], map?.place ?? first?.place);
}

/** "dkim(a=rsa-sha256, c=relaxed), domainkeys": kinds with their options. */
function readSpecs(text: string, place: Place): readonly SignatureSpec[] {
  return [...text.matchAll(/([a-z]+)\s*(?:\(([^)]*)\))?/gi)].map(([, kind = "", inside = ""]) => ({
    kind: kind.toLowerCase(),
    place,
    options: Object.fromEntries(
      inside.split(",").flatMap((pair) => {
        const at = pair.indexOf("=");
        return at === -1 ? [] : [[pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()]];
      }),
    ),
  }));
}
