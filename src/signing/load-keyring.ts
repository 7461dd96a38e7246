// From declarations to a keyring: dkim_keys, a folder of keys, OpenDKIM's tables. What cannot be read concerns its
// domain alone: its mail is deferred, never sent unsigned, and all other mail goes on.

import { toAscii } from "../mail/domain.ts";
import { errorCode, errorText, systemError } from "../mail/error-text.ts";
import { atOnce } from "../process/slices.ts";
import { type DomainPattern, domainPattern } from "./domain-pattern.ts";
import { type KeyOptions, keyOptionNames, noOptions } from "./key-options.ts";
import type { KeyDeclaration, KeyFiles, KeyProblem, KeySettings } from "./key-settings.ts";
import { createKeyStore, deniedBy, unreadable } from "./key-store.ts";
import { createKeyring, type Keyring } from "./keyring.ts";
import { createListing, type KeyListing } from "./listing.ts";
import { loadTables } from "./load-tables.ts";
import { createKeyLook, readAtMost } from "./look-at-keys.ts";

export interface LoadedKeyring {
  readonly keyring: Keyring;
  readonly problems: readonly KeyProblem[];
  /** What the modes of key files let others do. */
  readonly exposures: readonly KeyProblem[];
}

/**
 * Lists all keys that the settings declare and looks at their files, a step for each. Never throws: what is wrong is in
 * `problems`.
 *
 * @param most files that are read while they are looked at
 */
export function* listKeyring(
  settings: KeySettings,
  files: KeyFiles,
  most: number = readAtMost,
): Generator<void, LoadedKeyring> {
  const store = createKeyStore(files.readFile);
  const listing = createListing(files, createKeyLook(files, store, most));
  for (const [index, declaration] of settings.dkim_keys?.entries() ?? []) {
    declare(declaration, index, listing);
    yield;
  }
  if (typeof settings.dkim_key_dir === "string") yield* loadFolder(settings.dkim_key_dir, listing);
  const tables = yield* loadTables(settings, listing);
  const { signingTable } = tables;
  const keyring = createKeyring({
    byDomain: listing.byDomain,
    patterns: listing.patterns,
    keys: listing.keys.length === 0 ? tables.named : listing.keys.concat(tables.named),
    ...(signingTable === undefined ? {} : { signingTable }),
    store,
  });
  return { keyring, problems: listing.problems, exposures: listing.exposures };
}

/** The same, done when it returns. */
export function loadKeyring(settings: KeySettings, files: KeyFiles, most?: number): LoadedKeyring {
  return atOnce(listKeyring(settings, files, most));
}

/** One element of dkim_keys. */
function declare(declaration: KeyDeclaration, index: number, { look, problems, exposures, add }: KeyListing): void {
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

  const { file, key: text } = declaration;
  if (file === undefined && text === undefined) {
    refuse(`${label}: neither a file nor a key is given`);
    return;
  }
  const place = file !== undefined ? { source: file } : { source: "(inline)", text: text ?? "" };
  const { trouble, key, exposure } = look(place);
  if (exposure !== undefined) exposures.push({ ...exposure, path: [...path, "file"] });
  const options = optionsOf(declaration);
  if (key !== undefined && options.k !== undefined && options.k.toLowerCase() !== key.type) {
    refuse(`${label}: k=${options.k}, but the key is ${key.type}`);
    return;
  }
  const fresh = add({
    domain,
    selector,
    ...place,
    options,
    ...(pattern === undefined ? {} : { pattern }),
    ...(trouble === undefined ? {} : { trouble }),
  });
  if (!fresh) {
    refuse(`dkim_key: selector ${selector} for domain ${domain} already in use`);
    return;
  }

  if (trouble !== undefined) {
    const message = `${unreadable(place.source, trouble)}; mail of ${domain} is deferred`;
    problems.push({ severity: "warning", message, path, ...deniedBy(trouble) });
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
function* loadFolder(folder: string, listing: KeyListing): Generator<void> {
  const { files, look, problems, exposures, add } = listing;
  const path = ["dkim_key_dir"];
  let domains: readonly string[];
  try {
    domains = files.listFolder(folder);
  } catch (error) {
    const trouble = systemError(error);
    const message = `Can't read folder ${folder}: ${trouble}`;
    problems.push({ severity: "error", message, path, ...deniedBy(trouble) });
    return;
  }
  let isEmpty = true;
  for (const name of [...domains].sort()) {
    const domain = toAscii(name);
    if (domain === undefined || name.startsWith(".")) continue;
    yield;
    const inside = `${folder}/${name}`;
    const found = keysInside(inside, listing);
    if ("trouble" in found) {
      const { trouble } = found;
      isEmpty = false;
      add({ domain, selector: "", source: inside, options: noOptions, trouble });
      const message = `Can't read folder ${inside}: ${trouble}; mail of ${domain} is deferred`;
      problems.push({ severity: "warning", message, path, ...deniedBy(trouble) });
      continue;
    }
    for (const { selector, source } of found.names) {
      isEmpty = false;
      const { trouble, exposure } = look({ source });
      if (exposure !== undefined) exposures.push({ ...exposure, path });
      const told = trouble === undefined ? {} : { trouble };
      // What dkim_keys says of the same selector goes before the folder.
      if (!add({ domain, selector, source, options: noOptions, ...told })) continue;
      if (trouble !== undefined) {
        const message = `${unreadable(source, trouble)}; mail of ${domain} is deferred`;
        problems.push({ severity: "warning", message, path, ...deniedBy(trouble) });
      }
    }
  }
  if (!isEmpty) return;
  // A disk that is not mounted looks like this: nothing would be signed, and no warning logged.
  const message = `there is no key in ${folder}, where DOMAIN/SELECTOR.pem is looked for`;
  problems.push({ severity: "warning", message, path });
}

type FoundKeys =
  | { readonly names: readonly { readonly selector: string; readonly source: string }[] }
  | { readonly trouble: string };

/** The key files of one domain, by selector in alphabetical order. */
function keysInside(folder: string, { files, shared }: KeyListing): FoundKeys {
  try {
    const names = [...files.listFolder(folder)].sort().flatMap((file) => {
      const selector = file.endsWith(".pem") ? toAscii(shared(file.slice(0, -".pem".length).toLowerCase())) : undefined;
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
