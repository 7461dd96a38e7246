// From declarations to a keyring: dkim_keys, a folder of keys, OpenDKIM's tables. What cannot be read concerns its
// domain alone: its mail is deferred, never sent unsigned, and all other mail goes on.

import { toAscii } from "../mail/domain.ts";
import { errorCode, errorText } from "../mail/error-text.ts";
import { type DomainPattern, domainPattern } from "./domain-pattern.ts";
import { type KeyOptions, keyOptionNames, noOptions } from "./key-options.ts";
import type { KeyDeclaration, KeyFile, KeyFiles, KeyProblem, KeySettings } from "./key-settings.ts";
import { createKeyStore, type Loading, systemError, unreadable } from "./key-store.ts";
import { type Keyring, openKeyring, type PackedKeyring, type SigningKey } from "./keyring.ts";
import { loadTables } from "./load-tables.ts";
import { packKeyring } from "./pack-keyring.ts";
import type { ReadKey } from "./private-key.ts";

export interface LoadedKeyring {
  readonly keyring: Keyring;
  /** The same, for another process. */
  readonly packed: PackedKeyring;
  /** The files that keys were read from. */
  readonly keyFiles: readonly KeyFile[];
  readonly problems: readonly KeyProblem[];
}

/** Reads all keys that the settings declare. Never throws: what is wrong is in `problems`. */
export function loadKeyring(settings: KeySettings, files: KeyFiles): LoadedKeyring {
  const keys: SigningKey[] = [];
  /** The selectors of each domain, a blank before each. */
  const taken = new Map<string, string>();
  const loading: Loading = {
    files,
    store: createKeyStore(files),
    problems: [],
    add(key) {
      const selectors = taken.get(key.domain);
      if (selectors?.split(" ").includes(key.selector, 1)) return false;
      taken.set(key.domain, selectors === undefined ? ` ${key.selector}` : `${selectors} ${key.selector}`);
      keys.push({ ...key, number: keys.length + 1 });
      return true;
    },
  };
  settings.dkim_keys?.forEach((declaration, index) => {
    declare(declaration, index, loading);
  });
  if (typeof settings.dkim_key_dir === "string") loadFolder(settings.dkim_key_dir, loading);
  const tables = loadTables(settings, loading, keys.length);
  const packed = packKeyring(keys, tables.named, tables.signingTable);
  const keyFiles = loading.store.files();
  return { keyring: openKeyring(packed), packed, keyFiles, problems: loading.problems };
}

/** One element of dkim_keys. */
function declare(declaration: KeyDeclaration, index: number, { store, problems, add }: Loading): void {
  const path = ["dkim_keys", index];
  const refuse = (message: string): void => {
    problems.push({ severity: "error", message, path });
  };

  const target = domainOf(declaration.domain);
  if (typeof target === "string") {
    refuse(target);
    return;
  }
  const selector = declaration.selector.toLowerCase();
  if (toAscii(selector) === undefined) {
    refuse(`"${declaration.selector}" is no selector`);
    return;
  }
  const { domain, pattern } = target;
  const label = `s=${selector} d=${domain}`;

  let read: ReadKey;
  let source = "(inline)";
  if (declaration.file !== undefined) {
    source = declaration.file;
    read = store.fromFile(source);
  } else if (declaration.key !== undefined) {
    read = store.fromText(declaration.key);
  } else {
    refuse(`${label}: neither a file nor a key is given`);
    return;
  }

  const options = optionsOf(declaration);
  const key = "key" in read ? read.key : undefined;
  if (key !== undefined && options.k !== undefined && options.k.toLowerCase() !== key.type) {
    refuse(`${label}: k=${options.k}, but the key is ${key.type}`);
    return;
  }
  const trouble = "trouble" in read ? read.trouble : undefined;
  const fresh = add({
    domain,
    selector,
    source,
    options,
    key,
    ...(pattern === undefined ? {} : { pattern }),
    ...(trouble === undefined ? {} : { trouble }),
  });
  if (!fresh) {
    refuse(`dkim_key: selector ${selector} for domain ${domain} already in use`);
    return;
  }

  if (trouble !== undefined) {
    problems.push({
      severity: "warning",
      message: `${unreadable(source, trouble)}; mail of ${domain} is deferred`,
      path,
    });
  }
  if (key?.type === "rsa" && key.bits < 2048) {
    const message = `${label}: the key has ${key.bits} bits; 2048 are advised (RFC 8301 section 3.2)`;
    problems.push({ severity: "note", message, path });
  }
  if (options.g !== undefined) {
    const message = `the 'g' tag is historic (RFC 6376), signers are advised not to include a 'g' tag in key records: ${label} g=${options.g}`;
    problems.push({ severity: "note", message, path });
  }
  if (pattern !== undefined) {
    const message = `wildcard in signing domain (key#${index + 1}, ${domain}), may produce unverifiable signatures with no published public key, avoid!`;
    problems.push({ severity: "note", message, path });
  }
}

/** dkim_key_dir: <domain>/<selector>.pem, selectors in alphabetical order. */
function loadFolder(folder: string, { files, store, problems, add }: Loading): void {
  const path = ["dkim_key_dir"];
  let domains: readonly string[];
  try {
    domains = files.listFolder(folder);
  } catch (error) {
    problems.push({ severity: "error", message: `Can't read folder ${folder}: ${systemError(error)}`, path });
    return;
  }
  const wanted = [...domains].sort().filter((name) => toAscii(name) !== undefined && !name.startsWith("."));
  const insides = wanted.map((name) => `${folder}/${name}`);
  files.expectFolders?.(insides);
  const filesInside = insides.map((inside) => keysInside(inside, files));
  files.expectKeys?.(filesInside.flatMap((found) => ("names" in found ? found.names.map(({ source }) => source) : [])));
  if (filesInside.every((found) => "names" in found && found.names.length === 0)) {
    // As a disk that is not mounted looks: nothing would be signed, and nobody told.
    const message = `there is no key in ${folder}, where DOMAIN/SELECTOR.pem is looked for`;
    problems.push({ severity: "warning", message, path });
  }
  for (const [index, found] of filesInside.entries()) {
    const domain = toAscii(wanted[index] ?? "") ?? "";
    if ("trouble" in found) {
      const { trouble } = found;
      const source = insides[index] ?? "";
      add({ domain, selector: "", source, options: noOptions, key: undefined, trouble });
      problems.push({
        severity: "warning",
        message: `Can't read folder ${source}: ${trouble}; mail of ${domain} is deferred`,
        path,
      });
      continue;
    }
    for (const { selector, source } of found.names) {
      const read = store.fromFile(source);
      const parts = "key" in read ? { key: read.key } : { key: undefined, trouble: read.trouble };
      // What dkim_keys says of the same selector goes before the folder.
      if (!add({ domain, selector, source, options: noOptions, ...parts })) continue;
      if ("trouble" in read) {
        const message = `${unreadable(source, read.trouble)}; mail of ${domain} is deferred`;
        problems.push({ severity: "warning", message, path });
      }
    }
  }
}

type FoundKeys =
  | { readonly names: readonly { readonly selector: string; readonly source: string }[] }
  | { readonly trouble: string };

/** The key files of one domain, by selector in alphabetical order. */
function keysInside(folder: string, files: KeyFiles): FoundKeys {
  try {
    const names = [...files.listFolder(folder)].sort().flatMap((file) => {
      const selector = file.endsWith(".pem") ? toAscii(file.slice(0, -".pem".length).toLowerCase()) : undefined;
      return selector === undefined ? [] : [{ selector, source: `${folder}/${file}` }];
    });
    return { names };
  } catch (error) {
    // A README beside the domains is no key.
    return errorCode(error) === "ENOTDIR" ? { names: [] } : { trouble: systemError(error) };
  }
}

function domainOf(declared: KeyDeclaration["domain"]): { domain: string; pattern?: DomainPattern } | string {
  if (typeof declared !== "string") {
    try {
      return { domain: declared.regexp, pattern: domainPattern("regexp", declared.regexp) };
    } catch (error) {
      return errorText(error);
    }
  }
  if (declared.includes("*")) {
    const glob = declared.toLowerCase();
    return { domain: glob, pattern: domainPattern("glob", glob) };
  }
  const domain = toAscii(declared);
  return domain === undefined ? `"${declared}" is no domain` : { domain };
}

function optionsOf(declaration: KeyDeclaration): KeyOptions {
  const options: Record<string, string> = {};
  for (const name of keyOptionNames) {
    const value = declaration[name];
    if (value !== undefined) options[name] = typeof value === "string" ? value : value.join(":");
  }
  return options;
}
