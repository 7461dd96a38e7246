// Files of a configuration as one process read them, for the others: all processes go by the same octets, and one that is
// started later by those in force, whatever is on disk by then.
import type { SettingsFiles } from "../load-settings.ts";

/** What a question to the disk brought: plain data. */
type Answer =
  | { readonly value: string | Uint8Array | readonly string[] }
  | { readonly message: string; readonly code: string | undefined };

/** By operation and name. */
export type KeptFiles = ReadonlyMap<string, Answer>;

export interface KeepingFiles extends SettingsFiles {
  readonly kept: KeptFiles;
}

/** Passes on every question, and keeps the answer. */
export function keepFiles(files: SettingsFiles): KeepingFiles {
  const kept = new Map<string, Answer>();
  function keep<Value extends string | Uint8Array | readonly string[]>(key: string, ask: () => Value): Value {
    try {
      const value = ask();
      kept.set(key, { value });
      return value;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
      kept.set(key, { message: error instanceof Error ? error.message : String(error), code });
      throw error;
    }
  }
  return {
    kept,
    read: (name) => keep(`read ${name}`, () => files.read(name)),
    glob: (pattern) => keep(`glob ${pattern}`, () => files.glob(pattern)),
    // A copy: the octets themselves are good until the next file is read.
    readFile: (name) => keep(`file ${name}`, () => new Uint8Array(files.readFile(name))),
    listFolder: (name) => keep(`list ${name}`, () => files.listFolder(name)),
  };
}

/** Answers from what was kept; whatever nobody asked for then is not there. */
export function fromKept(kept: KeptFiles): SettingsFiles {
  function value(key: string): string | Uint8Array | readonly string[] {
    const answer = kept.get(key);
    if (answer === undefined) throw coded(`${key}: not read when the configuration was`, "ENOENT");
    if ("value" in answer) return answer.value;
    throw coded(answer.message, answer.code);
  }
  function text(key: string): string {
    const found = value(key);
    if (typeof found !== "string") throw new Error(`${key}: no text`);
    return found;
  }
  function names(key: string): readonly string[] {
    const found = value(key);
    if (typeof found === "string" || found instanceof Uint8Array) throw new Error(`${key}: no list`);
    return found;
  }
  return {
    read: (name) => text(`read ${name}`),
    glob: (pattern) => names(`glob ${pattern}`),
    readFile(name) {
      const found = value(`file ${name}`);
      if (!(found instanceof Uint8Array)) throw new Error(`${name}: no octets`);
      return found;
    },
    listFolder: (name) => names(`list ${name}`),
  };
}

function coded(message: string, code: string | undefined): Error {
  return code === undefined ? new Error(message) : Object.assign(new Error(message), { code });
}
