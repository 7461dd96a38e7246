// A whole mail taken apart: its header is known, its body comes piece by piece. Archives are left to the caller, who has the
// means to open them.
import type { PartsFound } from "../mail/content.ts";
import { asBuffer, type HeaderSplit, isUnread } from "../mail/header.ts";
import { createLookInside, type FoundArchive } from "./content-reader.ts";
import { fieldsOfEntity, readEntityHeader } from "./entity-header.ts";
import { createEntityWalk } from "./entity-walk.ts";
import type { LookInside } from "./leaf.ts";
import type { PartsLimits } from "./limits.ts";
import { createPartTree, type PartTree } from "./part-tree.ts";

export interface MailWalk {
  readonly tree: PartTree;
  write(chunk: Uint8Array): void;
  /** The mail is in. */
  end(): void;
  /** Archives that are in and not yet opened; each is handed out once. */
  takeArchive(): FoundArchive | undefined;
  /** An archive is done with. */
  release(archive: FoundArchive): void;
  /** How the members of an archive are looked into. */
  insideOf(archive: FoundArchive): LookInside;
  /** After the end. */
  found(): PartsFound;
}

/** All that the walk takes from the mail's own header, so that two mails with this and the body in common are walked alike. */
export function headerOfWalk({ fields, cut }: HeaderSplit): string {
  return `${isUnread(cut) ? cut : ""}:${fieldsOfEntity(fields)}`;
}

export function createMailWalk({ fields, cut }: HeaderSplit, limits: PartsLimits): MailWalk {
  const { MAXFILES, MAXLEVELS: maxLevels } = limits;
  const header = readEntityHeader(fields, undefined);
  const tree = createPartTree(MAXFILES, header);
  if (isUnread(cut)) tree.note("over-limits", tree.root, `header section with too many ${cut}`);
  const archives: FoundArchive[] = [];
  const onArchive = (archive: FoundArchive) => void archives.push(archive);
  const held = { bytes: 0 };
  const insideAt = (level: number) => createLookInside({ tree, level, maxLevels, onArchive, held });
  const walk = createEntityWalk({ tree, lookInside: insideAt(0), depth: 0 }, { at: "body", node: tree.root, header });
  return {
    tree,
    write: (chunk) => walk.write(asBuffer(chunk)),
    end: () => walk.end(),
    takeArchive: () => archives.shift(),
    release({ octets }) {
      held.bytes -= octets.length;
    },
    insideOf: ({ level }) => insideAt(level + 1),
    found: () => tree.found(),
  };
}
