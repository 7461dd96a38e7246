// What a mail may be like, as far as it makes a difference to what it costs.

export const works = ["pass", "sign", "verify"] as const;
export type Work = (typeof works)[number];

/** Parts, names, types and banning rules; the same, and two scanners are asked. */
export const scans = ["walk", "clamd and spamd"] as const;
export type Scan = (typeof scans)[number];

export interface Mail {
  readonly work: Work;
  readonly octets: number;
  /** Absent: it is not looked into. */
  readonly scan?: Scan;
  /** Signatures that are verified or made; 1 unless it is said. */
  readonly signatures?: number;
  /** 1 unless it is said. */
  readonly recipients?: number;
  /** Mails of one connection; absent: so many that connecting costs nothing. */
  readonly mailsPerConnection?: number;
}

export interface Kind {
  readonly mail: Mail;
  /** Of all mail, 0 to 1, where a rate is told elsewhere. */
  readonly share: number;
}

export interface Machine {
  readonly cores: number;
  readonly processes: number;
  /** CPU ms of a mail that others on these cores use: source and sink, Postfix, scanners. */
  readonly otherMs: number;
  /** CPU ms of a bare RSA-2048 signature there, against that of the model. */
  readonly slower: number;
}

/** What no model is made from, so that one can be held against it: CPU ms of a mail, or mails a second of a mix. */
export type Check = { readonly what: string; readonly measured: number } & (
  | { readonly mail: Mail }
  | { readonly kinds: readonly Kind[]; readonly machine: Machine }
);
