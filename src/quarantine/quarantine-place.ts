// The folders of the quarantine and the file of its index, as the settings say.
import { join } from "node:path";
import type { IndexPlace } from "../mail/quarantine-question.ts";

/** What a configuration says of the quarantine. */
export interface QuarantineSettings {
  readonly QUARANTINEDIR: string | null;
  readonly quarantine: { readonly index: string | null };
  readonly base: { readonly local_delivery_aliases: Readonly<Record<string, unknown>> };
}

/** Undefined where no folder is named: then nothing is kept in files. */
export function quarantinePlace(
  { QUARANTINEDIR, quarantine, base }: QuarantineSettings,
  scan: IndexPlace["scan"],
): IndexPlace | undefined {
  const named = Object.values(base.local_delivery_aliases).flatMap((alias) =>
    Array.isArray(alias) ? alias.slice(0, 1) : alias,
  );
  const folders = [QUARANTINEDIR, ...named].filter(
    (folder): folder is string => typeof folder === "string" && folder.startsWith("/") && folder !== "/dev/null",
  );
  const [first] = folders;
  if (first === undefined) return undefined;
  return { file: quarantine.index ?? join(first, indexName), folders: [...new Set(folders)], scan };
}

/** In the first folder; copies never begin with a dot. */
const indexName = ".index.sqlite";
