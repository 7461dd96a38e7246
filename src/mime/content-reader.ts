// Reads the decoded content of one part: its type by its octets, its size, and what is in it. Mails and files in text are
// taken apart on the way; archives are gathered for those who can open them.

import { createBareCrWatch } from "./bare-cr.ts";
import { createSignedReader } from "./cms.ts";
import { type ContentType, headBytes, isoMark, typeOfContent } from "./content-types.ts";
import { createEntityWalk } from "./entity-walk.ts";
import { createGathering, type Gathering } from "./gathering.ts";
import { createUuSink, type LeafContent, type LookInside } from "./leaf.ts";
import { type PartSink, toAll } from "./part-sink.ts";
import type { PartNode, PartTree } from "./part-tree.ts";
import type { ArchiveKind } from "./signatures.ts";
import { baseOfText } from "./text-type.ts";

/** An archive that is in, to be opened. */
export interface FoundArchive {
  readonly node: PartNode;
  readonly kind: ArchiveKind;
  readonly octets: Buffer;
  /** Entities and archives around what it holds. */
  readonly depth: number;
  readonly level: number;
}

export interface ReaderNeeds {
  readonly tree: PartTree;
  /** Archives and encoded mails within each other, and how many may be. */
  readonly level: number;
  readonly maxLevels: number;
  onArchive(archive: FoundArchive): void;
  /** Octets of archives that are kept now, of all of the mail. */
  readonly held: { bytes: number };
}

/** Octets of archives that are kept in memory at a time, within each other; what is larger is not opened. */
const maxHeldBytes = 64 * 1024 * 1024;
/** Octets by which file(1) distinguishes ASCII from other text. */
const maxTextBytes = 64 * 1024;

/** Makes readers for parts at one level. */
export function createLookInside(needs: ReaderNeeds): LookInside {
  const lookInside: LookInside = (node, content) => createContentReader(needs, lookInside, node, content);
  return lookInside;
}

function createContentReader(
  needs: ReaderNeeds,
  sameLevel: LookInside,
  node: PartNode,
  content: LeafContent,
): PartSink {
  const { tree, level, maxLevels, held } = needs;
  const { declared, depth } = content;
  let head: Buffer[] = [];
  let sizeBytes = 0;
  let found: ContentType | undefined;
  let inner: PartSink | undefined;
  let gathered: Gathering | undefined;
  let heldHere = 0;
  /** What stands where an ISO image has its mark. */
  let mark = "";
  /** Of plain text: "asc" may turn out to be "txt", and text to be none ("dat"), further on. */
  let base: "asc" | "txt" | "dat" | undefined;

  function decide(octets: Buffer): void {
    found = typeOfContent(octets);
    base = plainBase(found, octets);
    // Octets that no text has, in front or between, keep no reader from mails and files in it.
    const mayBeText = found.isText || isUnknown(found);
    const isMail = mayBeText && (declared === "signed" ? startsAsMail(octets) : isMailFile(node, octets));
    if (declared === "mail" || isMail) inner = walkMail();
    else if (found.cms === "signed") inner = readSigned();
    else {
      if (mayBeText || declared === "uuencode" || isDeclaredText(node))
        inner = createUuSink({ tree, lookInside: sameLevel, depth }, node);
      const mayHoldFiles = found.archive !== undefined || mayBeIso(node, found);
      if (!found.isText && declared !== "uuencode" && mayHoldFiles) gathered = createGathering();
    }
  }

  function begin(octets: Buffer): void {
    head = [];
    decide(octets.subarray(0, headBytes));
    look(octets, 0);
  }

  function walkMail(): PartSink | undefined {
    if (level >= maxLevels) {
      tree.note("over-limits", node, `more than ${maxLevels} levels (MAXLEVELS)`);
      return undefined;
    }
    const lookInside = createLookInside({ ...needs, level: level + 1 });
    const walk = createEntityWalk({ tree, lookInside, depth }, { at: "header", parent: node });
    return toAll([walk, createBareCrWatch(() => tree.noteMimeFault(node, "a mail with a CR within a line"))]);
  }

  /** What is only signed is a part of its own, named as the file without ".p7m". */
  function readSigned(): PartSink | undefined {
    if (level >= maxLevels) {
      tree.note("over-limits", node, `more than ${maxLevels} levels (MAXLEVELS)`);
      return undefined;
    }
    const child = tree.add(node, { names: node.names.map((name) => name.replace(/\.p7[ms]$/i, "")) });
    if (child === undefined) return undefined;
    const lookInside = createLookInside({ ...needs, level: level + 1 });
    const content = toAll([lookInside(child, { declared: "signed", depth: depth + 1 }), tree.forScanners()]);
    return createSignedReader(content, () => tree.note("failed", node, "a signed object that breaks off"));
  }

  function look(octets: Buffer, at: number): void {
    inner?.write(octets);
    if (base === "asc" || base === "txt") {
      const here = baseOfText(between(octets, at, headBytes, maxTextBytes));
      if (here !== "asc") base = here ?? "dat";
    }
    gather(octets, at);
  }

  /** Archives; and of what may be an ISO image the octets before its mark. */
  function gather(octets: Buffer, at: number): void {
    if (gathered === undefined) return;
    mark += between(octets, at, isoMark.at, isoMark.at + isoMark.text.length).toString("latin1");
    const isIso = mark === isoMark.text;
    if (found?.archive === undefined && !isIso && at + octets.length > isoMark.at + isoMark.text.length) {
      letGo();
      return;
    }
    if (held.bytes + octets.length > maxHeldBytes) {
      letGo();
      tree.note("over-limits", node, `archives of more than ${maxHeldBytes} octets`);
      return;
    }
    gathered.add(octets);
    heldHere += octets.length;
    held.bytes += octets.length;
  }

  function letGo(): void {
    gathered = undefined;
    held.bytes -= heldHere;
    heldHere = 0;
  }

  function endOfArchive(octets: Gathering): void {
    const isIso = mark === isoMark.text;
    if (isIso) node.types.add("iso");
    if (isIso && found?.archive !== undefined) tree.note("ambiguous", node, `${found.archive} and an ISO image in one`);
    const kind = found?.archive ?? (isIso ? "iso" : undefined);
    if (kind === undefined) {
      letGo();
      return;
    }
    const whole = octets.whole();
    // Readers of zip look for its end, whatever stands at the start.
    if (kind !== "zip" && node.names.some((name) => zipName.test(name)) && whole.includes(zipEnd))
      tree.note("ambiguous", node, `${kind} and a zip file in one`);
    needs.onArchive({ node, kind, octets: whole, depth: depth + 1, level });
  }

  return {
    write(octets) {
      const at = sizeBytes;
      sizeBytes += octets.length;
      if (found === undefined) {
        if (sizeBytes < headBytes) head.push(Buffer.from(octets));
        else begin(head.length === 0 ? octets : Buffer.concat([...head, octets]));
      } else look(octets, at);
    },
    end() {
      if (found === undefined) {
        const [only] = head;
        begin(only !== undefined && head.length === 1 ? only : Buffer.concat(head));
      }
      inner?.end();
      if (declared === "uuencode" && sizeBytes > 0 && node.children.length === 0)
        tree.noteMimeFault(node, "declared as uuencode, without a file in it");
      node.sizeBytes = Math.max(node.sizeBytes, sizeBytes);
      addTypes(node, found, base);
      const isArchive = found?.archive !== undefined || mark === isoMark.text || declared === "uuencode";
      if (sizeBytes > 0 && !isArchive && isNamedAsArchive(node))
        tree.note("failed", node, "named as an archive, which it is not by its first octets");
      if (found?.encryptedBy !== undefined) {
        node.encrypted = true;
        tree.note("encrypted", node, `encrypted by ${found.encryptedBy}`);
      }
      if (found?.cms === "unclear") tree.note("failed", node, "a signed object that is not understood");
      if (found?.encryptedBy === undefined && found?.cms === undefined && sizeBytes > 0 && isDeclaredCms(node))
        tree.note("failed", node, `declared as ${node.declaredType}, which it is not`);
      if (found?.cms === "compressed") tree.note("failed", node, "compressed by S/MIME, which is not opened");
      if (gathered !== undefined) endOfArchive(gathered);
    },
  };
}

const noOctets = Buffer.alloc(0);

/** Of octets that begin at `at` those from `from` to before `to`. */
function between(octets: Buffer, at: number, from: number, to: number): Buffer {
  return at >= to || at + octets.length <= from
    ? noOctets
    : octets.subarray(Math.max(0, from - at), Math.max(0, to - at));
}

/** Undefined for what is no plain text; UTF-16 is none by its octets. */
function plainBase({ types: [type] }: ContentType, head: Buffer): "asc" | "txt" | undefined {
  const isWide = head[0] === 0xff || head[0] === 0xfe;
  return (type === "asc" || type === "txt") && !isWide ? type : undefined;
}

const imageNames = [".iso", ".img", ".udf"];
/** Programs that open these look for the archive behind what stands in front, as in one that unpacks itself. */
const archiveName =
  /\.(?:zipx?|jar|rar|7z|cab|arj|ace|lzh|lha|alz|egg|t?gz|t?bz2?|tbz2|t?xz|t?zst|t?lz|lzma|tar|cpio|iso|img|udf|vhdx?|wim|dmg)$/i;

const zipName = /\.(?:zipx?|jar)$/i;
const zipEnd = Buffer.from("PK\x05\x06", "latin1");

function isNamedAsArchive({ names }: PartNode): boolean {
  return names.some((name) => archiveName.test(name));
}

/** Systems go by the name, and by the mark alone: in front of it may stand what looks like anything. */
function mayBeIso({ names }: PartNode, { types }: ContentType): boolean {
  return (
    types.includes("dat") || names.some((name) => imageNames.some((ending) => name.toLowerCase().endsWith(ending)))
  );
}

function addTypes(node: PartNode, found: ContentType | undefined, base: string | undefined): void {
  for (const type of base === undefined ? (found?.types ?? []) : [base]) node.types.add(type);
}

const mailNames = [".eml", ".emlx", ".nws", ".msg", ".mht", ".mhtml"];
/** What begins a file that its name says to be a mail: any field, behind what some programs put in front of the first. */
const anyField = /^(?:\xef\xbb\xbf)?\s*(?:\d+[ \t]*\r?\n)?(?:>?From [^\n]*\n)?[!-9;-~]+[ \t]*:/;
const mailFields =
  /^(received|return-path|delivered-to|from|to|date|subject|message-id|mime-version|content-[a-z-]+|x-[a-z-]+|dkim-signature):/i;

/** A mail kept as a file: readers open it as one. Text that merely begins like a mail is not taken for one. */
function isMailFile(node: PartNode, head: Buffer): boolean {
  const named = node.names.some((name) => mailNames.some((ending) => name.toLowerCase().endsWith(ending)));
  if (named && anyField.test(head.toString("latin1", 0, 1000))) return true;
  const declared = node.declaredType !== undefined && !node.declaredType.startsWith("text/");
  return declared && startsAsMail(head);
}

/** Mail programs open it by its type, and by more ways of writing it than are read here. */
function isDeclaredCms({ declaredType }: PartNode): boolean {
  return declaredType === "application/pkcs7-mime" || declaredType === "application/x-pkcs7-mime";
}

function isUnknown({ types, encryptedBy, cms }: ContentType): boolean {
  return types.includes("dat") && encryptedBy === undefined && cms === undefined;
}

/** Readers take files out of text by what it is declared as, whatever octets stand in it. */
function isDeclaredText({ declaredType }: PartNode): boolean {
  return declaredType?.startsWith("text/") === true;
}

function startsAsMail(head: Buffer): boolean {
  return mailFields.test(head.toString("latin1", 0, 100).trimStart());
}
