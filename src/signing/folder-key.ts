// A key of dkim_key_dir, of which a site may have a hundred thousand.
import { noOptions } from "./key-options.ts";
import type { SigningKey } from "./signing-key.ts";

/** The name of its file follows from the rest: it is made when it is asked for, kept it would be two fifths of a key's memory. */
export class FolderKey implements SigningKey {
  readonly number: number;
  readonly domain: string;
  readonly selector: string;
  readonly options = noOptions;
  readonly #folder: string;

  constructor(folder: string, { domain, selector }: Pick<SigningKey, "domain" | "selector">, number: number) {
    this.#folder = folder;
    this.domain = domain;
    this.selector = selector;
    this.number = number;
  }

  get source(): string {
    return fileInFolder(this.#folder, this);
  }
}

/** Where the key of a domain and selector lies in a folder of keys. */
export function fileInFolder(folder: string, { domain, selector }: Pick<SigningKey, "domain" | "selector">): string {
  return `${folder}/${domain}/${selector}.pem`;
}
