// What the main thread and the worker that has the index of the quarantine send each other: plain data.
import type { QuarantineFilter, QuarantineRow } from "./quarantine-row.ts";

/** Names one copy. */
export type CopyName = Pick<QuarantineRow, "folder" | "name">;

export interface QuarantineUsage {
  /** Copies whose files are there. */
  readonly copies: number;
  readonly octets: number;
}

export type IndexQuestion =
  | { readonly kind: "add"; readonly rows: readonly QuarantineRow[] }
  | { readonly kind: "same-mail"; readonly digest: string; readonly since: number }
  | { readonly kind: "list"; readonly filter: QuarantineFilter; readonly limit: number }
  | { readonly kind: "oldest"; readonly limit: number }
  | { readonly kind: "usage" }
  | { readonly kind: "released"; readonly copy: CopyName; readonly at: number | undefined }
  | { readonly kind: "deleted"; readonly copies: readonly CopyName[]; readonly at: number }
  /** Compares index and files; `unlessSince`: not when somebody has done so since. */
  | { readonly kind: "scan"; readonly unlessSince: number }
  | { readonly kind: "close" };

export interface IndexAnswer {
  readonly id: number;
  readonly rows?: readonly QuarantineRow[];
  readonly usage?: QuarantineUsage;
  /** Why it could not be done. */
  readonly trouble?: string;
}

/** Where the worker finds everything. */
export interface IndexPlace {
  readonly file: string;
  /** Folders whose files the index has. */
  readonly folders: readonly string[];
  /** Index and files are compared when it opens, or then only where the index is new. */
  readonly scan: "at-start" | "if-new";
}
