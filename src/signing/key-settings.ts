// How signing keys are declared, by amavisd's and OpenDKIM's names, and what a bad declaration is answered with.

/** One dkim_key() of amavisd, an element of dkim_keys. */
export interface KeyDeclaration {
  /** A domain, a pattern with "*", or a regular expression on the domain. */
  readonly domain: string | { readonly regexp: string };
  readonly selector: string;
  /** File with the private key; either this or `key`. */
  readonly file?: string;
  /** The private key itself: PEM, or base64 of its DER. */
  readonly key?: string;
  // What the published record says (RFC 6376 section 3.6.1): lists with ":" or as lists.
  readonly v?: string;
  readonly g?: string;
  readonly h?: string | readonly string[];
  readonly k?: string;
  readonly s?: string | readonly string[];
  readonly t?: string | readonly string[];
  readonly n?: string;
}

export interface KeySettings {
  readonly dkim_keys?: readonly KeyDeclaration[];
  /** Folder with <domain>/<selector>.pem. */
  readonly dkim_key_dir?: string | null;
  /** OpenDKIM's KeyTable: "file:/path", "refile:/path" or a path. */
  readonly dkim_keytable?: string | null;
  /** OpenDKIM's SigningTable: "refile:/path" has wildcards, "file:/path" or a path has not. */
  readonly dkim_signingtable?: string | null;
  /** OpenDKIM's MultipleSignatures: every line of the signing table that matches makes a signature. */
  readonly dkim_multiple_signatures?: boolean;
}

/** Who may do what with a file. */
export interface FileFacts {
  readonly mode: number;
  readonly uid: number;
}

export interface KeyFacts extends FileFacts {
  /** Its group is that of the user that looks. */
  readonly ownGroup: boolean;
}

/** How keys are listed and read. All throw as node:fs does; relative names are the reader's business. */
export interface KeyFiles {
  readFile(path: string): Uint8Array;
  /** Names in a folder. */
  listFolder(path: string): readonly string[];
  /** Throws where the file is not there, or this process cannot read it. */
  lookAt(path: string): KeyFacts;
}

/** Something wrong or noteworthy in a declaration; fits the configuration's own problems by shape. */
export interface KeyProblem {
  /** An error keeps the configuration from being used; a warning concerns one domain; a note is advice. */
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
  /** The user that this process acts as has no right to read a key. */
  readonly denied?: true;
  /** The setting, where the declaration stands in the configuration. */
  readonly path?: readonly (string | number)[];
  /** The line, where it stands in a table of its own. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
}
