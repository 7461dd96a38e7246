// Keys and files for the tests of signing: made once per run, held in memory.
import { generateKeyPairSync } from "node:crypto";
import type { KeyFiles } from "../../../src/signing/key-settings.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
export const rsaPem = rsa.export({ type: "pkcs8", format: "pem" }).toString();
export const rsaPkcs1Pem = rsa.export({ type: "pkcs1", format: "pem" }).toString();
export const weakPem = generateKeyPairSync("rsa", { modulusLength: 768 })
  .privateKey.export({ type: "pkcs1", format: "pem" })
  .toString();
export const shortPem = generateKeyPairSync("rsa", { modulusLength: 1024 })
  .privateKey.export({ type: "pkcs1", format: "pem" })
  .toString();
export const ed25519Pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();

/** A system error as node:fs throws it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Files by path; a value that is an Error is thrown. Folders follow from the paths. */
export function filesOf(
  files: Readonly<Record<string, string | Error>>,
  modes: Readonly<Record<string, number>> = {},
): KeyFiles & { readonly reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    readFile(path) {
      reads.push(path);
      const content = files[path];
      if (content === undefined) throw systemError("ENOENT");
      if (content instanceof Error) throw content;
      return Buffer.from(content);
    },
    lookAt(path) {
      const content = files[path];
      if (content === undefined) throw systemError("ENOENT");
      if (content instanceof Error) throw content;
      return { mode: modes[path] ?? 0o600, uid: 0, ownGroup: path.endsWith(".own") };
    },
    listFolder(path) {
      if (files[path] instanceof Error) throw files[path];
      if (files[path] !== undefined) throw systemError("ENOTDIR");
      const start = path.endsWith("/") ? path : `${path}/`;
      const names = new Set<string>();
      for (const file of Object.keys(files))
        if (file.startsWith(start)) names.add(file.slice(start.length).split("/")[0] ?? "");
      if (names.size === 0) throw systemError("ENOENT");
      return [...names];
    },
  };
}
