// A whole mail taken apart: its header is known, its body comes piece by piece.
import type { PartsFound } from "../mail/content.ts";
import { asBuffer, type HeaderSplit, isUnread } from "../mail/header.ts";
import { readEntityHeader } from "./entity-header.ts";
import { createEntityWalk } from "./entity-walk.ts";
import { createUuSink, type LeafContent } from "./leaf.ts";
import type { PartsLimits } from "./limits.ts";
import type { PartSink } from "./part-sink.ts";
import { createPartTree, type PartNode } from "./part-tree.ts";

export interface MailWalk {
  write(chunk: Uint8Array): void;
  /** Ends the mail. */
  found(): PartsFound;
}

export function createMailWalk({ fields, cut }: HeaderSplit, limits: PartsLimits): MailWalk {
  const header = readEntityHeader(fields, undefined);
  const tree = createPartTree(limits.MAXFILES, header);
  if (isUnread(cut)) tree.note("over-limits", tree.root, `header section with too many ${cut}`);

  function lookInside(node: PartNode, { declared, depth }: LeafContent): PartSink {
    const inner =
      declared === "mail"
        ? createEntityWalk({ tree, lookInside, depth }, { at: "header", parent: node })
        : createUuSink({ tree, lookInside, depth }, node);
    let sizeBytes = 0;
    return {
      write(octets) {
        sizeBytes += octets.length;
        inner.write(octets);
      },
      end() {
        inner.end();
        node.sizeBytes = Math.max(node.sizeBytes, sizeBytes);
      },
    };
  }

  const walk = createEntityWalk({ tree, lookInside, depth: 0 }, { at: "body", node: tree.root, header });
  return {
    write: (chunk) => walk.write(asBuffer(chunk)),
    found() {
      walk.end();
      return tree.found();
    },
  };
}
