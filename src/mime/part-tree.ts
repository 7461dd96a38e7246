// The parts as they are found: a tree that grows within its bounds, and what could not be looked at.
import type { MailPart, PartsFound, Unchecked, UncheckedReason } from "../mail/content.ts";
import { createScannerHandover } from "./for-scanners.ts";
import type { PartSink } from "./part-sink.ts";

/** A part that is still being read. */
export interface PartNode {
  readonly path: string;
  readonly declaredType: string | undefined;
  readonly names: string[];
  readonly types: Set<string>;
  sizeBytes: number;
  encrypted: boolean;
  readonly children: PartNode[];
}

export interface NewPart {
  readonly declaredType?: string | undefined;
  readonly names?: readonly string[];
}

export interface PartTree {
  readonly root: PartNode;
  /** Undefined when the mail has as many parts as it may, or names of too many octets; then that is noted. */
  add(parent: PartNode, part: NewPart): PartNode | undefined;
  /** Notes what could not be looked at; each thing once. */
  note(reason: UncheckedReason, part: PartNode | undefined, detail: string): void;
  /** Notes a fault of the MIME structure over which readers differ; each once. */
  noteMimeFault(part: PartNode | undefined, detail: string): void;
  /** Takes content that is to be shown to virus scanners as well. */
  forScanners(): PartSink;
  found(): PartsFound;
}

/** Things noted about one mail; more add nothing new. */
const maxNotes = 50;
/** Characters of all names together. */
const maxNameCharacters = 4 * 1024 * 1024;

export function createPartTree(maxParts: number, rootPart: NewPart): PartTree {
  const root = createNode("1", rootPart);
  const unchecked = new Map<string, Unchecked>();
  const handover = createScannerHandover();
  let count = 1;
  let nameCharacters = 0;

  function add(fault: Unchecked, part: PartNode | undefined): void {
    const key = `${fault.reason} ${fault.detail}`;
    if (unchecked.has(key) || unchecked.size >= maxNotes) return;
    unchecked.set(key, { ...fault, ...(part === undefined ? {} : { path: part.path }) });
  }

  const note: PartTree["note"] = (reason, part, detail) => add({ reason, detail }, part);

  return {
    root,
    add(parent, part) {
      if (count >= maxParts) {
        note("over-limits", parent, `more than ${maxParts} parts (MAXFILES)`);
        return undefined;
      }
      for (const name of part.names ?? []) nameCharacters += name.length;
      if (nameCharacters > maxNameCharacters) {
        note("over-limits", parent, `names of more than ${maxNameCharacters} characters`);
        return undefined;
      }
      count += 1;
      const node = createNode(`${parent.path}.${parent.children.length + 1}`, part);
      parent.children.push(node);
      return node;
    },
    note,
    noteMimeFault: (part, detail) => add({ reason: "ambiguous", detail, isMimeFault: true }, part),
    forScanners: () => handover.take(),
    found() {
      const forScanners = handover.found();
      const found = { parts: listed(root), unchecked: [...unchecked.values()] };
      return forScanners === undefined ? found : { ...found, forScanners };
    },
  };
}

function createNode(path: string, { declaredType, names = [] }: NewPart): PartNode {
  return { path, declaredType, names: [...names], types: new Set(), sizeBytes: 0, encrypted: false, children: [] };
}

/** Depth first. */
function listed(root: PartNode): MailPart[] {
  const parts: MailPart[] = [];
  const waiting: { node: PartNode; parent: number }[] = [{ node: root, parent: -1 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, parent } = next;
    const index = parts.length;
    parts.push({
      path: node.path,
      parent,
      ...(node.declaredType === undefined ? {} : { declaredType: node.declaredType }),
      names: node.names,
      types: [...node.types],
      sizeBytes: node.sizeBytes,
      encrypted: node.encrypted,
    });
    for (const child of node.children.toReversed()) waiting.push({ node: child, parent: index });
  }
  return parts;
}
