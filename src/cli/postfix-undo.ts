// Makes the changes of a set-up with postconf(1), keeps what was there before in a file beside main.cf, and undoes them.
import { chmodSync, existsSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { postconf } from "./postconf.ts";
import { type Change, postconfArguments, type Setup } from "./postfix-setup.ts";

/** The files that postconf writes. */
const configFiles = ["main.cf", "master.cf"] as const;
type ConfigFile = (typeof configFiles)[number];
type Texts = Readonly<Record<ConfigFile, string>>;

/** What is kept for the undoing. */
interface Applied {
  readonly setup: Setup;
  readonly changes: readonly Change[];
  /** The files before the changes, and after them: where nobody else wrote to them since, they are put back as they were. */
  readonly before: Texts;
  readonly after: Texts;
  /** By the change's place in `changes`: what postconf printed for it before; null where there was nothing. */
  readonly values: readonly (string | null)[];
}

function stateFile(folder: string): string {
  return join(folder, "signpost-undo.json");
}

/** The set-up that is in force, as far as it was made by this command. */
export function appliedSetup(folder: string): Setup | undefined {
  return existsSync(stateFile(folder)) ? readState(folder).setup : undefined;
}

function readState(folder: string): Applied {
  return JSON.parse(readFileSync(stateFile(folder), "utf8"));
}

function readTexts(folder: string): Texts {
  const [main = "", master = ""] = configFiles.map((name) => readFileSync(join(folder, name), "latin1"));
  return { "main.cf": main, "master.cf": master };
}

/**
 * Makes the changes, all or none. Throws, before anything is changed, when a table would be overwritten; throws
 * postconf's words after everything was put back.
 */
export async function applyChanges(folder: string, setup: Setup, changes: readonly Change[]): Promise<void> {
  for (const change of changes) {
    if (change.kind !== "file") continue;
    const path = join(folder, change.name);
    if (existsSync(path) && readFileSync(path, "utf8") !== change.text)
      throw new Error(`${path} is there already, with other lines`);
  }
  const before = readTexts(folder);
  const values: (string | null)[] = [];
  const fresh: string[] = [];
  const state = (after: Texts): string =>
    JSON.stringify({ setup, changes, before, after, values } satisfies Applied, null, 1);
  // First, so that a crash in between leaves the way back.
  writeAtomically(stateFile(folder), state(before), 0o600);
  try {
    for (const change of changes) {
      values.push(await setValue(change, folder));
      if (change.kind === "file") {
        const path = join(folder, change.name);
        if (!existsSync(path)) fresh.push(path);
        writeAtomically(path, change.text, 0o644);
      } else await postconf(postconfArguments(change), folder);
    }
  } catch (error) {
    restore(folder, before);
    for (const path of [...fresh, stateFile(folder)]) unlinkSync(path);
    throw error;
  }
  writeAtomically(stateFile(folder), state(readTexts(folder)), 0o600);
}

/** What is set now; null where nothing is. */
async function setValue(change: Change, folder: string): Promise<string | null> {
  switch (change.kind) {
    case "parameter": {
      const set = await setParameters(folder);
      return set[change.name] ?? null;
    }
    case "service":
      return firstLine(await postconf(["-M", change.id], folder));
    case "option": {
      const line = firstLine(await postconf(["-P", `${change.id}/${change.name}`], folder));
      return line === null ? null : line.slice(line.indexOf("=") + 1).trim();
    }
    case "file":
      return existsSync(join(folder, change.name)) ? change.text : null;
  }
}

function firstLine(text: string): string | null {
  return text.trim() === "" ? null : (text.trim().split("\n")[0] ?? null);
}

/** The parameters that main.cf itself sets. */
export async function setParameters(folder: string): Promise<Readonly<Record<string, string>>> {
  const lines = (await postconf(["-n"], folder)).split("\n").filter((line) => line.includes(" ="));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(" =")), line.slice(line.indexOf("=") + 1).trim()]),
  );
}

/**
 * Puts everything back. @returns what was left as it is, because somebody changed it since
 */
export async function undoChanges(folder: string): Promise<readonly string[]> {
  const { changes, before, after, values } = readState(folder);
  const now = readTexts(folder);
  const left: string[] = [];
  const isAsWeLeftIt = configFiles.every((name) => now[name] === after[name]);
  if (isAsWeLeftIt) restore(folder, before);
  for (const [index, change] of [...changes.entries()].reverse()) {
    const old = values[index] ?? null;
    if (change.kind === "file") {
      if (old !== null) continue;
      const path = join(folder, change.name);
      if (existsSync(path) && readFileSync(path, "utf8") === change.text) unlinkSync(path);
      else if (existsSync(path)) left.push(path);
    } else if (!isAsWeLeftIt) {
      if (await isStill(change, folder)) await postconf(undoArguments(change, old), folder);
      else left.push(change.kind === "parameter" ? change.name : change.id);
    }
  }
  unlinkSync(stateFile(folder));
  return left;
}

async function isStill(change: Exclude<Change, { readonly kind: "file" }>, folder: string): Promise<boolean> {
  const now = await setValue(change, folder);
  return change.kind === "service" ? now !== null : now === change.value;
}

/** The arguments of postconf(1) that put back what was there. */
export function undoArguments(
  change: Exclude<Change, { readonly kind: "file" }>,
  old: string | null,
): readonly string[] {
  switch (change.kind) {
    case "parameter":
      return old === null ? ["-X", change.name] : ["-e", `${change.name} = ${old}`];
    case "service":
      return old === null ? ["-MX", change.id] : ["-M", `${change.id}=${old}`];
    case "option": {
      const name = `${change.id}/${change.name}`;
      return old === null ? ["-PX", name] : ["-P", `${name}=${old}`];
    }
  }
}

function restore(folder: string, texts: Texts): void {
  for (const name of configFiles) {
    const path = join(folder, name);
    writeAtomically(path, Buffer.from(texts[name], "latin1"), statSync(path).mode & 0o777);
  }
}

function writeAtomically(path: string, content: string | Buffer, mode: number): void {
  const temporary = `${path}.signpost`;
  writeFileSync(temporary, content, { mode });
  chmodSync(temporary, mode);
  renameSync(temporary, path);
}
