// What we use of mailauth's inner modules, some of which come without types, others with types that do not fit.

declare module "mailauth/lib/spf/spf-verify.js" {
  /** The directive that matched, or the error that ended the evaluation; false where nothing matched. */
  export type SpfFound =
    | false
    | {
        readonly qualifier?: "+" | "-" | "~" | "?";
        readonly error?: string;
        /** The mechanism's name, what stands behind its colon or was found by it, and what matched in an included record. */
        readonly type?: string;
        readonly val?: string;
        readonly include?: SpfFound;
      };
  type Ask = (name: string, type: string) => Promise<unknown[]>;
  export function spfVerify(
    domain: string,
    options: {
      sender: string;
      helo: string;
      ip: string;
      mta: string;
      strict: boolean;
      resolver: Ask;
      createSubResolver: () => Ask;
      expResolver: Ask;
    },
  ): Promise<SpfFound>;
}

declare module "mailauth/lib/spf/syntax.js" {
  export function isValidTargetName(name: string): boolean;
  export function parseIp(text: string): {
    kind(): "ipv4" | "ipv6";
    isIPv4MappedAddress(): boolean;
    toIPv4Address(): { toString(): string };
  } | null;
}

declare module "mailauth/lib/dkim/dkim-verifier.js" {
  /** One header field as mailauth takes it. */
  export interface HeaderRow {
    readonly key: string;
    readonly casedKey: string;
    /** Without the final CRLF. */
    readonly line: Buffer;
  }
  export interface ParsedTags {
    readonly [tag: string]: { readonly value?: unknown } | undefined;
  }
  export interface SignatureRow {
    type?: string;
    parsed?: ParsedTags;
    skip?: string;
    invalid?: string;
    bodyCanon?: string;
    hashAlgo?: string;
    maxBodyLength?: number | "";
    bodyHashKey?: string;
    fallbackCanonicalization?: string;
    fallbackBodyHashKey?: string;
  }
  export class DkimVerifier {
    constructor(options: {
      resolver: (name: string, type: string) => Promise<unknown[]>;
      minBitLength: number;
      strict: boolean;
      curTime: Date;
    });
    headers: { parsed: readonly HeaderRow[] };
    bodyHashes: Map<string, { hash: string }>;
    keyCache: object;
    prepareSignature(row: SignatureRow): void;
    verifySignature(
      row: SignatureRow,
      fallback?: boolean,
    ): Promise<{ status: { result: string; comment?: string; policy?: { [name: string]: string } } }>;
  }
}

declare module "mailauth/lib/arc/index.js" {
  import type { HeaderRow, SignatureRow } from "mailauth/lib/dkim/dkim-verifier.js";
  export interface ArcEntry {
    readonly i: number;
    readonly "arc-seal": SignatureRow;
    readonly "arc-message-signature": SignatureRow;
    readonly "arc-authentication-results": { readonly original: Buffer };
  }
  export function getARChain(
    headers: { parsed: readonly HeaderRow[] },
    options: { strict: boolean },
  ): ArcEntry[] | false;
  export function verifyASChain(
    data: { chain: ArcEntry[] },
    options: {
      resolver: (name: string, type: string) => Promise<unknown[]>;
      minBitLength: number;
      strict: boolean;
      keyCache: object;
    },
  ): Promise<boolean>;
}
