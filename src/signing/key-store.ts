// What all sources of keys share while they are read: each key file is read once, whoever declares it, and what
// stands against it is said in words.
import { errorCode, errorText } from "../mail/error-text.ts";
import type { KeyFile, KeyFiles, KeyProblem } from "./key-settings.ts";
import type { SigningKey } from "./keyring.ts";
import { type ReadKey, readPrivateKey } from "./private-key.ts";

/** What the sources of keys share while they are read. */
export interface Loading {
  readonly files: KeyFiles;
  readonly store: KeyStore;
  readonly problems: KeyProblem[];
  /** Takes a key in; says whether its domain and selector were free. */
  add(key: Omit<SigningKey, "number">): boolean;
}

export interface KeyStore {
  fromFile(path: string): ReadKey;
  fromText(text: string): ReadKey;
  /** Files that hold a key. */
  files(): readonly KeyFile[];
}

/** Keys beyond this number are read by OpenSSL when they are first used; what only it can find comes out then. */
const readAtOnce = 1000;

export function createKeyStore(files: KeyFiles): KeyStore {
  const read = new Map<string, ReadKey>();
  const keyFiles: KeyFile[] = [];
  const lookAt = (name: string): ReadKey => {
    const known = files.readKey?.(name);
    const result = known?.read ?? readPrivateKey(files.readFile(name));
    if ("key" in result) keyFiles.push(known === undefined ? { name } : { name, facts: known.facts });
    return result;
  };
  const once = (name: string, look: () => ReadKey, trouble: (error: unknown) => string): ReadKey => {
    const known = read.get(name);
    if (known !== undefined) return known;
    let result: ReadKey;
    try {
      result = look();
      if ("key" in result && read.size < readAtOnce) {
        try {
          result.key.passingKeyObject();
        } catch {
          result = { trouble: "is damaged: OpenSSL does not take it for a private key" };
        }
      }
    } catch (error) {
      result = { trouble: trouble(error) };
    }
    read.set(name, result);
    return result;
  };
  return {
    fromFile: (path) => once(path, () => lookAt(path), systemError),
    fromText: (text) => once(`\0${text}`, () => readPrivateKey(Buffer.from(text, "latin1")), systemError),
    files: () => keyFiles,
  };
}

/** The error of a file operation in the system's words, without code and path. */
export function systemError(error: unknown): string {
  const code = errorCode(error);
  if (code === "ENOENT") return "No such file or directory";
  if (code === "EACCES" || code === "EPERM") return "Permission denied";
  if (code === "EISDIR") return "Is a directory";
  if (code === "ENOTDIR") return "Not a directory";
  if (code === "EEXIST") return "File exists";
  return errorText(error);
}

/** "Can't open PEM file …: Permission denied" or "PEM file … is damaged". */
export function unreadable(source: string, trouble: string): string {
  return /^[A-Z]/.test(trouble) ? `Can't open PEM file ${source}: ${trouble}` : `PEM file ${source} ${trouble}`;
}
