// How much of a mail is taken apart. What is beyond a limit is reported as unchecked; the mail itself goes its way.

/** As amavisd names them, and as it reckons with them. */
export interface PartsLimits {
  /** Archives within archives, and encoded mails within mails. */
  readonly MAXLEVELS: number;
  /** Parts of one mail, members of archives among them. */
  readonly MAXFILES: number;
  /** Octets that unpacking may always make. */
  readonly MIN_EXPANSION_QUOTA: number;
  /** Octets that unpacking may make by MAX_EXPANSION_FACTOR. */
  readonly MAX_EXPANSION_QUOTA: number;
  /** Times the size of the mail: always allowed. */
  readonly MIN_EXPANSION_FACTOR: number;
  /** Times the size of the mail: allowed up to MAX_EXPANSION_QUOTA. */
  readonly MAX_EXPANSION_FACTOR: number;
}

/** amavisd's defaults. */
export const defaultPartsLimits: PartsLimits = {
  MAXLEVELS: 14,
  MAXFILES: 3000,
  MIN_EXPANSION_QUOTA: 100 * 1024,
  MAX_EXPANSION_QUOTA: 500 * 1024 ** 2,
  MIN_EXPANSION_FACTOR: 5,
  MAX_EXPANSION_FACTOR: 500,
};

/** Multiparts and messages within each other. */
export const maxEntityDepth = 50;

/** Octets that unpacking may make for a mail of this size. */
export function expansionQuota(limits: PartsLimits, mailBytes: number): number {
  const { MIN_EXPANSION_QUOTA, MAX_EXPANSION_QUOTA, MIN_EXPANSION_FACTOR, MAX_EXPANSION_FACTOR } = limits;
  return Math.max(
    MIN_EXPANSION_QUOTA,
    mailBytes * MIN_EXPANSION_FACTOR,
    Math.min(MAX_EXPANSION_QUOTA, mailBytes * MAX_EXPANSION_FACTOR),
  );
}
