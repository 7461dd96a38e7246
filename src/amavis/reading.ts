// Reads configuration files one after the other into amavisd's variables: files, includes, limits, the report.
// Nothing in them is executed. What the variables mean as settings is in settings.ts.

import { statSync } from "node:fs";
import { hostname as ownHostname } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { Place, Problem } from "../config/source.ts";
import { encodingFault } from "../config/yaml-faults.ts";
import type { Files } from "../config/yaml-source.ts";
import { errorCode } from "../mail/error-text.ts";
import { feeders } from "../settings/map-sources.ts";
import { nearest } from "../settings/nearest.ts";
import { allNames } from "../settings/registry.ts";
import { Converter, createSink, type Located } from "./convert.ts";
import { setDefaults } from "./defaults.ts";
import { Evaluator } from "./evaluate.ts";
import { idleName, idleNames, isPerlVariable, isSettingVariable, variableNamed } from "./names.ts";
import { TooMuch } from "./operators.ts";
import type { Host } from "./perl.ts";
import { runStatements } from "./run.ts";
import { createSourceText, placeOf, type SourceOrigin, type SourceText } from "./source-text.ts";
import { parseProgram } from "./statements.ts";
import { type Item, textOf } from "./values.ts";
import { type ContainerSigil, globalName, Variables } from "./variables.ts";

export interface ConfReadOptions {
  /** amavisd's default of $myhostname, and the answer to `hostname`. */
  readonly hostname?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Octets of all files together, so that reading them ends in well under a second; the largest known configuration has 40 kB. */
export const maxConfSize = 2 * 1024 ** 2;
const maxTableFile = 32 * 1024 ** 2;
const maxIncludes = 100;
const maxProblems = 500;
const maxUnknownNames = 100;
const tags = ["v", "g", "h", "k", "s", "t", "n"];

export class ConfReading implements Host {
  /** amavisd's variables as they stand. */
  readonly variables = new Variables();
  /** The calls of dkim_key, in order. */
  readonly keys: Located[] = [];
  readonly hostname: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly #files: Files;
  readonly #found: Problem[] = [];
  readonly #said = new Set<string>();
  readonly #declared = new Set<string>();
  readonly #folders: string[] = [];
  readonly #reading: string[] = [];
  #filesRead = 0;
  #charactersRead = 0;
  #unknownNames = 0;
  #perl: Evaluator;

  constructor(files: Files, options: ConfReadOptions) {
    this.#files = files;
    this.hostname = options.hostname ?? ownHostname();
    this.environment = options.environment ?? process.env;
    setDefaults(this.variables, this.hostname);
    this.#perl = new Evaluator(this.variables, this, createSourceText("", ""));
  }

  /** Reads a file, or the files of a folder, into the same variables as what was read before. */
  readTop(path: string): void {
    const names = this.#files.glob(join(path, "*"));
    if (names.length === 0 && !isDirectory(path)) {
      this.#folders.push(dirname(path));
      this.#readFile(path, undefined);
      return;
    }
    this.#folders.push(path);
    // The names that run-parts takes, in its order; and those that end in .conf.
    const taken = names.filter((name) => /^(?:[A-Za-z0-9_-]+|[\w-]+\.conf)$/.test(basename(name)));
    if (taken.length === 0) this.report("error", undefined, `${path} holds no configuration files`);
    for (const name of taken.toSorted()) this.#readFile(name, undefined);
  }

  #readFile(path: string, from: SourceOrigin | undefined): void {
    const whole = resolve(path);
    if (this.#reading.includes(whole)) {
      this.report("error", from, `${path} includes itself`);
      return;
    }
    if (++this.#filesRead > maxIncludes) {
      this.report("error", from, `more than ${maxIncludes} files are included`);
      return;
    }
    let text: string;
    try {
      text = this.#readText(path);
    } catch (error) {
      this.#complain(
        "error",
        from === undefined ? { file: path, line: 1, column: 1 } : placeOf(from),
        `${path} cannot be read: ${reason(error)}`,
      );
      return;
    }
    this.#charactersRead += text.length;
    if (this.#charactersRead > maxConfSize) {
      this.#complain(
        "error",
        { file: path, line: 1, column: 1 },
        `the configuration is larger than ${maxConfSize / 1024 ** 2} MB; keep long tables in files of their own (read_hash) and many keys in a folder ($dkim_key_dir)`,
      );
      return;
    }
    const encoding = encodingFault(text);
    if (encoding !== undefined) {
      this.#complain("error", { file: path, line: 1, column: 1 }, encoding);
      return;
    }
    this.#reading.push(whole);
    // Perl, too, takes the line ends of Windows for plain ones, in texts as well.
    this.#run(createSourceText(path, text.replaceAll("\r\n", "\n"), this.#filesRead));
    this.#reading.pop();
  }

  #run(source: SourceText): void {
    const program = parseProgram(source);
    for (const { at, message } of program.problems) this.report("error", { source, offset: at }, message);
    const outer = this.#perl.source;
    this.#perl.source = source;
    this.variables.enter();
    try {
      runStatements(this.#perl, program.statements, (name) => this.#declared.add(name));
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      this.report("error", { source, offset: 0 }, `reading stops: the file makes ${error.message}`);
    } finally {
      this.variables.leave();
      this.#perl.source = outer;
    }
  }

  /** What there is to say, errors first. */
  get problems(): readonly Problem[] {
    const order: Record<Problem["severity"], number> = { error: 0, warning: 1, note: 2 };
    return this.#found.toSorted((left, right) => order[left.severity] - order[right.severity]);
  }

  // --- what the evaluator asks for ---

  report(severity: Problem["severity"], origin: SourceOrigin | undefined, message: string): void {
    this.#complain(severity, origin === undefined ? undefined : placeOf(origin), message);
  }

  #complain(severity: Problem["severity"], place: Place | undefined, message: string): void {
    const key = `${place?.file}:${place?.line}:${place?.column}:${message}`;
    if (this.#said.has(key) || this.#found.length > maxProblems) return;
    this.#said.add(key);
    const full = this.#found.length === maxProblems;
    this.#found.push({
      severity: full ? "error" : severity,
      message: full ? "too many problems; the rest is not listed" : message,
      ...(place !== undefined && { place }),
    });
  }

  readFile(name: string): { text: string } | { fault: string } {
    try {
      const text = this.#readText(this.#beside(name));
      return text.length > maxTableFile ? { fault: `larger than ${maxTableFile / 1024 ** 2} MB` } : { text };
    } catch (error) {
      return { fault: reason(error) };
    }
  }

  exists(name: string): boolean {
    const path = this.#beside(name);
    // A pattern that one name alone fits: asks whether it is there, not what is in it.
    return this.#files.glob(`${path.slice(0, -1)}[${path.slice(-1)}]`).length > 0;
  }

  isFolder(name: string): boolean {
    return this.#files.glob(join(this.#beside(name), "*")).length > 0;
  }

  include(name: string, origin: SourceOrigin, optional: boolean): void {
    if (optional && !this.exists(name)) return;
    this.#readFile(this.#beside(name), origin);
  }

  /** Relative names in a configuration start at the folder of the file that was named first. */
  #beside(name: string): string {
    return isAbsolute(name) ? name : join(this.folder, name);
  }

  /** amavisd has one such folder too, the one it was started in. */
  get folder(): string {
    return this.#folders[0] ?? ".";
  }

  /** Devices and pipes might never end. */
  #readText(path: string): string {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) throw new Error("it is no regular file");
    // Perl, too, takes the mark that some editors put in front.
    return this.#files.read(path).replace(/^\ufeff/, "");
  }

  declareKey(args: readonly Item[], origin: SourceOrigin): void {
    const [domain, selector, file, ...options] = args;
    if (file === undefined) {
      this.report("error", origin, "dkim_key: expected a domain, a selector and a file");
      return;
    }
    const members = new Map<string, Located>();
    const converter = new Converter(
      "dkim_key",
      createSink((severity, at, message) => this.report(severity, at, message)),
    );
    const put = (name: string, item: Item) => {
      const located = converter.convert(item.value, item.origin);
      if (located.value === undefined) return;
      const text = isRule(located.value) ? { regexp: located.value.regexp[0] } : located.value;
      members.set(name, { value: text, origin: item.origin });
    };
    if (domain !== undefined) put("domain", domain);
    if (selector !== undefined) put("selector", selector);
    put("file", file);
    if (options.length % 2 !== 0) this.report("error", origin, "dkim_key: after the file come pairs of tag and value");
    for (let index = 0; index + 1 < options.length; index += 2) {
      const name = textOf(options[index]?.value);
      const value = options[index + 1];
      if (typeof name !== "string" || value === undefined) continue;
      if (tags.includes(name)) put(name, value);
      else
        this.report(
          "warning",
          options[index]?.origin ?? origin,
          `dkim_key: no tag of a key record is called "${name}" (${tags.join(" ")} are)`,
        );
    }
    const value = Object.fromEntries([...members].map(([name, member]) => [name, member.value]));
    this.keys.push({ value, origin, members });
  }

  mention(sigil: ContainerSigil, given: string, origin: SourceOrigin): void {
    if (given.startsWith("our ")) {
      this.#declared.add(sigil + given.slice(4));
      return;
    }
    const name = globalName(sigil, given);
    if (this.#declared.has(sigil + name) || this.#isKnown(sigil, name) || this.#said.has(sigil + name)) return;
    this.#said.add(sigil + name);
    // Looking for the nearest name takes time: a file with so many unknown names is of another kind.
    if (++this.#unknownNames > maxUnknownNames) return;
    const right = (["$", "@", "%"] as const).find((other) => other !== sigil && this.#isKnown(other, name));
    if (right !== undefined) {
      this.report("warning", origin, `${sigil}${name} is not known: amavisd has ${right}${name}`);
      return;
    }
    const meant = nearest(name, [...allNames, ...idleNames, ...feeders]);
    const hint =
      meant === undefined ? "" : `, did you mean ${/^\w/.test(meant) ? variableNamed(meant, sigil) : meant}?`;
    this.report("warning", origin, `neither amavisd nor signpost knows ${sigil}${name}${hint}`);
  }

  #isKnown(sigil: ContainerSigil, name: string): boolean {
    if (isPerlVariable(sigil, name) || feeders.has(sigil + name) || idleName(sigil, name) !== undefined) return true;
    if (sigil === "$" && (name === "do_syslog" || name === "logfile" || name === "daemon_group")) return true;
    if (sigil === "@" && name === "daemon_groups") return true;
    return isSettingVariable(sigil, name);
  }
}

function isRule(value: unknown): value is { readonly regexp: readonly unknown[] } {
  return typeof value === "object" && value !== null && "regexp" in value && Array.isArray(value.regexp);
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return "it cannot be read";
  const code = errorCode(error);
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  return error.message;
}

/** False also where that cannot be known: reading it says why. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
