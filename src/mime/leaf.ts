// The content of one part that is no container: decoded by every encoding that readers may take, and looked into.
import { splitHeader } from "../mail/header.ts";
import { createBase64Decoder } from "./base64.ts";
import { createBinHexWatch } from "./binhex.ts";
import { type Encoding, type EntityHeader, readEntityHeader } from "./entity-header.ts";
import { addVariants } from "./names.ts";
import { type PartSink, toAll } from "./part-sink.ts";
import type { PartNode, PartTree } from "./part-tree.ts";
import { createPastedParts, type PastedStart } from "./pasted-parts.ts";
import { createQuotedPrintableDecoder } from "./quoted-printable.ts";
import { createUuScanner } from "./uuencode.ts";

/** What the declared type says of the content; `depth`: entities around it. */
export interface LeafContent {
  readonly declared: "mail" | "uuencode" | "signed" | "any";
  readonly depth: number;
}

/** Takes the decoded content of a part. */
export type LookInside = (node: PartNode, content: LeafContent) => PartSink;

export interface LeafNeeds {
  readonly tree: PartTree;
  readonly lookInside: LookInside;
  readonly depth: number;
}

/** Takes a part's octets as they stand in the mail. */
export function createLeaf({ tree, lookInside, depth }: LeafNeeds, node: PartNode, header: EntityHeader): PartSink {
  const { encodings, kind, declaredType, names } = header;
  const isShown = declaredType.startsWith("text/") && names.length === 0;
  const doubt = (detail: string) => tree.noteMimeFault(node, detail);
  const open = (encoding: Encoding): PartSink => {
    const files = encoding === "uuencode" ? "uuencode" : "any";
    const content = lookInside(node, { declared: kind === "message" ? "mail" : files, depth });
    switch (encoding) {
      case "base64":
        return createBase64Decoder(content, doubt);
      case "quoted-printable":
        // Readers agree on text that they show: a "=" that encodes nothing is shown as it is.
        return createQuotedPrintableDecoder(content, isShown ? () => {} : doubt);
      case "uuencode":
      case "identity":
        return content;
    }
  };
  return toAll(encodings.map(open));
}

/** Finds files in text; each becomes a part of its own, but for BinHex, which is not opened. Parts that are pasted into text are
 * known by their names, and opened where they are encoded. */
export function createUuSink({ tree, lookInside, depth }: LeafNeeds, node: PartNode): PartSink {
  const lookBoth: LookInside = (child, content) => toAll([lookInside(child, content), tree.forScanners()]);
  const binHex = createBinHexWatch(() => tree.note("failed", node, "BinHex, which is not opened"));
  const files = createUuScanner({
    onFile(name) {
      const names = new Set<string>();
      addVariants(name, names);
      const child = tree.add(node, { names: [...names] });
      return child === undefined ? undefined : lookBoth(child, { declared: "any", depth });
    },
    onDoubt: (detail) => tree.noteMimeFault(node, detail),
  });
  const pasted = createPastedParts((text) => {
    const { fields } = splitHeader(Buffer.from(text, "latin1"));
    const header = readEntityHeader(fields, undefined);
    // What is not encoded stands in the text, which is looked through anyway.
    const [first, ...others] = header.encodings.filter((encoding) => encoding !== "identity");
    if (header.names.length === 0 && first === undefined) return undefined;
    const child = tree.add(node, header);
    if (child === undefined || first === undefined) return undefined;
    // Text may be cut off, or be about such a part: no reader of mail is in doubt over that.
    const undoubted: PartTree = { ...tree, noteMimeFault: () => {} };
    return createLeaf({ tree: undoubted, lookInside: lookBoth, depth }, child, {
      ...header,
      encodings: [first, ...others],
    });
  }, startOf(node));
  return toAll([files, binHex, pasted]);
}

/** In what is declared as some message and is no mail, a header stands first, and to some readers it is that of a part. */
function startOf({ declaredType }: PartNode): PastedStart {
  return declaredType?.startsWith("message/") === true ? "any fields" : "fields of content";
}
