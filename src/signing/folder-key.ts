// A key that lies in a folder of its domain, of which a site may have a hundred thousand.
import { ownCopy } from "../mail/own-copy.ts";
import { noOptions } from "./key-options.ts";
import type { SigningKey } from "./signing-key.ts";

/** Behind the selector: dkim_key_dir's, and that of opendkim-genkey(8). */
const endings = [".pem", ".private"] as const;

/** Keys that lie there as DOMAIN/SELECTOR and the ending. */
interface KeyFolder {
  readonly folder: string;
  readonly ending: (typeof endings)[number];
}

/** The name of its file follows from the rest: it is made when it is asked for, kept it would be two fifths of a key's memory. */
class FolderKey implements SigningKey {
  readonly number: number;
  readonly domain: string;
  readonly selector: string;
  readonly options = noOptions;
  readonly #in: KeyFolder;

  constructor(place: KeyFolder, { domain, selector }: Pick<SigningKey, "domain" | "selector">, number: number) {
    this.#in = place;
    this.domain = domain;
    this.selector = selector;
    this.number = number;
  }

  get source(): string {
    const { folder, ending } = this.#in;
    return `${folder}/${this.domain}/${this.selector}${ending}`;
  }
}

/** Gives a key its number, and the form that takes least memory. */
export function createNumbering(): (key: Omit<SigningKey, "number">, number: number) => SigningKey {
  const folders = new Map<string, KeyFolder>();

  function folderOf({ source, domain, selector }: Omit<SigningKey, "number">): KeyFolder | undefined {
    const ending = endings.find((each) => source.endsWith(`/${domain}/${selector}${each}`));
    if (ending === undefined) return undefined;
    const folder = source.slice(0, -`/${domain}/${selector}${ending}`.length);
    const name = `${folder}/${ending}`;
    const known = folders.get(name);
    if (known !== undefined) return known;
    const made = { folder: ownCopy(folder), ending };
    folders.set(name, made);
    return made;
  }

  return (key, number) => {
    const { text, trouble, pattern, options } = key;
    const isBare = text === undefined && trouble === undefined && pattern === undefined;
    const place = isBare && Object.keys(options).length === 0 ? folderOf(key) : undefined;
    if (place === undefined) return { ...key, number };
    // In a table it is a piece of the whole text.
    return new FolderKey(place, { domain: ownCopy(key.domain), selector: key.selector }, number);
  };
}
