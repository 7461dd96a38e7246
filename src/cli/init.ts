// `signpost init [DOMAIN]`: configuration, key and DNS record for a domain, and what comes next. What is there already is
// left as it is, so that a second call with another domain adds its key.
import { readdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { toAscii } from "../mail/domain.ts";
import { systemError } from "../mail/error-text.ts";
import type { UnixUser } from "../process/unix-user.ts";
import { generateRsaKey } from "../signing/generate.ts";
import { zoneRecord } from "../signing/record-text.ts";
import { selectKeys } from "../signing/select-keys.ts";
import { calledAs } from "./called-as.ts";
import { type Command, exitCode, type Io, UsageError } from "./command.ts";
import { keyReader, letRead, userSettings } from "./daemon-key.ts";
import { firstConfig, ownNetworks } from "./first-config.ts";
import { type InitPlace, initPlace, isThere, makeFolder, makeStateFolder } from "./init-place.ts";
import { writeKeyFile } from "./key-file.ts";
import { loadKeys } from "./load-keys.ts";
import { PostconfError, postconf } from "./postconf.ts";

const bits = 2048;

export const init: Command = {
  name: "init",
  summary: "write configuration and key for a domain, and print the DNS record",
  usage: `init [--config FILE] [--selector NAME] [--hostname NAME] [DOMAIN]

Writes a configuration for DOMAIN, makes its signing key, and prints the DNS record to publish and the steps that are
left. Asks for the domain where none is given. Nothing is overwritten: with a configuration that is there already, only
the key of one more domain is made. Given by root it writes /etc/signpost/signpost.yaml and /var/lib/signpost/keys, for
the daemon's user to read; given by somebody else, signpost.yaml and keys in the working folder.

  --config FILE    the configuration file; keys are then beside it
  --selector NAME  the name of the key in the DNS (s1)
  --hostname NAME  myhostname; where it is not given, Postfix's, or this host's, or mail.DOMAIN`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { config: { type: "string", short: "c" }, selector: { type: "string" }, hostname: { type: "string" } },
      allowPositionals: true,
    });
    if (positionals.length > 1) throw new UsageError(`unexpected argument "${positionals[1]}"`);
    const domain = domainOf(positionals[0] ?? (await askDomain(io)));
    const selector = values.selector ?? "s1";
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(selector)) throw new UsageError(`"${selector}" is no selector`);
    const host = values.hostname === undefined ? undefined : domainOf(values.hostname);
    const isRoot = process.getuid?.() === 0;
    const place = initPlace(values.config, isRoot, io.cwd);
    const reader = keyReader(await userSettings(place.config, io.cwd));
    try {
      await writeConfig(place, domain, host, reader, io);
    } catch (error) {
      io.stderr(`signpost: ${place.config} cannot be made: ${systemError(error)}\n`);
      return exitCode.cantCreate;
    }
    const made = await makeKey(place, domain, selector, reader, io);
    if (made !== exitCode.ok) return made;
    return tellNext(place, domain, io);
  },
};

/** A line of standard input; the question is for a person. */
async function askDomain(io: Io): Promise<string> {
  io.stderr("The domain of your mail addresses, for instance example.org: ");
  const line = (await io.readLine()).trim();
  if (line === "") throw new UsageError("no domain given");
  return line;
}

function domainOf(text: string): string {
  const domain = toAscii(text);
  if (domain === undefined || !domain.includes(".")) throw new UsageError(`"${text}" is no domain`);
  return domain;
}

async function writeConfig(
  place: InitPlace,
  domain: string,
  host: string | undefined,
  reader: UnixUser | undefined,
  io: Io,
): Promise<void> {
  if (isThere(place.config)) {
    io.stderr(`${place.config} is there already: left as it is\n`);
    return;
  }
  makeFolder(dirname(place.config), reader);
  makeFolder(place.keys, reader);
  if (place.history !== undefined) makeStateFolder(dirname(place.history), reader);
  const text = firstConfig({
    domain,
    hostname: host ?? (await ownName(domain, io)),
    networks: await networksOfPostfix(),
    keyFolder: place.keysText,
    historyFile: place.history,
  });
  // Fails when somebody made such a file in the meantime.
  const handle = await open(place.config, "wx", 0o640);
  try {
    if (reader !== undefined && process.getuid?.() === 0) await letRead(handle, reader);
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  io.stderr(`${place.config} written\n`);
}

/** The name of Postfix, else of this host, else a guess, which is printed as one. */
async function ownName(domain: string, io: Io): Promise<string> {
  const names = [await fromPostfix("myhostname"), hostname()];
  const known = names.map((name) => toAscii(name.trim())).find((name) => name?.includes("."));
  if (known !== undefined) return known;
  const guess = `mail.${domain}`;
  io.stderr(
    `myhostname is a guess, ${guess}: this host has no full name; change it in the configuration if it is another\n`,
  );
  return guess;
}

/** The plain networks of Postfix's mynetworks, and ours. Tables and names are for the administrator to add. */
async function networksOfPostfix(): Promise<readonly string[]> {
  const told = (await fromPostfix("mynetworks")).split(/[\s,]+/);
  const plain = told.filter((network) => /^(?:[\d.]+(?:\/\d+)?|\[[\da-f:]+\](?:\/\d+)?)$/i.test(network));
  // Addresses of IPv4 written as IPv6 are taken as what they are, and [::1]/128 is [::1].
  const more = plain.filter((network) => !network.startsWith("[::ffff:") && network !== "[::1]/128");
  return [...new Set([...ownNetworks, ...more])];
}

/** "" where there is no Postfix to ask. */
async function fromPostfix(name: string): Promise<string> {
  try {
    return await postconf(["-hx", name]);
  } catch (error) {
    if (error instanceof PostconfError) return "";
    throw error;
  }
}

/** @returns the exit code, 0 also when the key is there already */
async function makeKey(
  place: InitPlace,
  domain: string,
  selector: string,
  reader: UnixUser | undefined,
  io: Io,
): Promise<number> {
  const loaded = await loadKeys(place.config, "self", { cwd: io.cwd, stderr: () => undefined });
  if (typeof loaded === "number") {
    io.stderr(`${place.config} cannot be used: signpost check-config --config ${place.config}\n`);
    return loaded;
  }
  if (selectKeys(loaded.keyring.keys, [domain]).length > 0) {
    io.stderr(`${domain} has a key already: left as it is\n`);
    return exitCode.ok;
  }
  const { dkim_key_dir: folder } = loaded.config;
  if (folder === null) {
    io.stderr(`${place.config} has no dkim_key_dir, a folder for new keys: no key was made\n`);
    return exitCode.config;
  }
  const own = join(folder, domain);
  try {
    makeFolder(own, reader);
    const kept = readdirSync(own).filter((name) => name.endsWith(".pem"));
    if (kept.length > 0) {
      io.stderr(`${own} holds ${kept.join(", ")}, which cannot be used: no key was made\n`);
      return exitCode.config;
    }
  } catch (error) {
    io.stderr(`signpost: ${own} cannot be made: ${systemError(error)}\n`);
    return exitCode.cantCreate;
  }
  const file = join(own, `${selector}.pem`);
  const generate = () => generateRsaKey(bits);
  const made = `${file} written: a private RSA key of ${bits} bits`;
  return writeKeyFile({ command: "init", file, config: place.config, made, generate }, io);
}

async function tellNext(place: InitPlace, domain: string, io: Io): Promise<number> {
  const loaded = await loadKeys(place.config, "self", io);
  if (typeof loaded === "number") return loaded;
  const { keyring } = loaded;
  const records = selectKeys(keyring.keys, [domain]).map((key) => {
    const read = keyring.look(key);
    return "key" in read ? zoneRecord(key, read.key.object) : `; ${key.source}: ${read.trouble}\n`;
  });
  const called = calledAs({ script: io.env.SIGNPOST_PROGRAM ?? process.argv[1], path: io.env.PATH, cwd: io.cwd });
  const isService = place.history !== undefined;
  const option = isService ? "" : ` --config ${place.config}`;
  const start = startLines(called, option, isService && isThere("/run/systemd/system"));
  io.stdout(`
1. Publish this record in the DNS of ${domain}:

${records.join("\n")}
   For a panel of your provider's: ${called} showkeys${option} --format line
2. Give Postfix the lines it needs; --print shows them, --undo takes them back:
     ${called} postfix --apply${option}
3. Start the filter:
${start}4. Once the record is published, this says "pass":
     ${called} testkeys${option}
   Then send a mail from one of your networks; this says whether it was signed, and if not, why:
     ${called} log${option}
`);
  return exitCode.ok;
}

/** Where the unit may be: the administrator's, the package's. */
const unitFolders = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

function startLines(called: string, option: string, hasSystemd: boolean): string {
  if (!hasSystemd) return `     ${called} start${option}\n`;
  const enable = "     systemctl enable --now signpost\n";
  if (unitFolders.some((folder) => isThere(`${folder}/signpost.service`))) return enable;
  return `     ${called} print-unit > /etc/systemd/system/signpost.service && systemctl daemon-reload\n${enable}`;
}
