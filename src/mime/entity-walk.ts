// The structure of a mail, walked octet by octet: headers, delimiters, parts within parts. Of any size, linear in it, and with no
// more than a line and a header in memory. Where readers differ it goes the way of all of them, and says so.

import { isUnread } from "../mail/header.ts";
import {
  type Delimiter,
  endBefore,
  endOfCertain,
  findDashLine,
  maxDelimiterLine,
  type OpenMultipart,
  readDashLine,
  readDelimiter,
} from "./delimiters.ts";
import type { EntityHeader } from "./entity-header.ts";
import { createHeaderSection, type HeaderSection, maxSectionBytes } from "./header-section.ts";
import { createLeaf, createUuSink, type LeafNeeds } from "./leaf.ts";
import { maxEntityDepth } from "./limits.ts";
import { fromFirstOctet, type PartSink } from "./part-sink.ts";
import type { PartNode } from "./part-tree.ts";
import { readSection } from "./read-section.ts";

/** What the octets begin with: a header whose entity is a part of `parent`, or the body of an entity whose header is known. */
export type WalkStart =
  | { readonly at: "header"; readonly parent: PartNode }
  | { readonly at: "body"; readonly node: PartNode; readonly header: EntityHeader };

/** A multipart, or a message without `multipart`: that one ends with what holds it. */
interface Frame {
  readonly node: PartNode;
  readonly declaredType: string;
  readonly multipart?: OpenMultipart;
  readonly startedAt: number;
}

interface InHeader {
  readonly in: "header";
  readonly section: HeaderSection;
  readonly parent: PartNode;
  readonly within: string | undefined;
}

interface InBody {
  readonly in: "body";
  /** Absent: nobody looks at it. */
  readonly sink?: PartSink | undefined;
}

/** "excess": the mail has as many parts as it may, the rest is passed over. */
type State = InHeader | InBody | { readonly in: "excess" };

const LF = 10;
const CR = 13;
const DASH = 45;
const noOctets = Buffer.alloc(0);

/** Takes octets from `start` on. Parts go to the tree of `needs`, content to its `lookInside`. */
export function createEntityWalk(needs: LeafNeeds, start: WalkStart): PartSink {
  const { tree } = needs;
  const frames: Frame[] = [];
  /** Octets not yet understood, mostly the start of a line. */
  let carry: Buffer[] = [];
  let carryBytes = 0;
  /** Octets read before the present call of readHeader or readBody, and up to what is dealt with. */
  let readBytes = 0;
  let position = 0;
  let atLineStart = true;
  let state: State = start.at === "header" ? headerState(start.parent, undefined) : bodyState(start.node, start.header);

  function headerState(parent: PartNode, within: string | undefined): State {
    return { in: "header", section: createHeaderSection(), parent, within };
  }

  /** Whether what is read is the header of a mail within the mail: some readers pass over empty lines before it. */
  function isMail(): boolean {
    return frames.length === 0 ? start.at === "header" : frames.at(-1)?.multipart === undefined;
  }

  /** What follows the header, of which `last` is not yet in the section: nothing of it when there are too many parts. */
  function stateAfter({ section, parent, within }: InHeader, last: Buffer): State {
    const { header, cut } = readSection(section.with(last), within);
    const node = tree.add(parent, header);
    if (node === undefined) return { in: "excess" };
    if (isUnread(cut)) tree.note("over-limits", node, `header section with too many ${cut}`);
    if (section.sizeBytes() + last.length === 0 && isMail())
      tree.noteMimeFault(node, "a mail that begins with an empty line");
    return bodyState(node, header);
  }

  function bodyState(node: PartNode, header: EntityHeader): State {
    for (const { reason, detail } of header.doubts) {
      if (reason === "ambiguous") tree.noteMimeFault(node, detail);
      else tree.note(reason, node, detail);
    }
    const { kind, declaredType, boundaries, encodings } = header;
    // As amavisd: multipart/encrypted, application/pgp-encrypted.
    if (declaredType.includes("encrypted", declaredType.indexOf("/") + 1)) {
      node.encrypted = true;
      tree.note("encrypted", node, `declared as ${declaredType}`);
    }
    const encoded = encodings.some((encoding) => encoding !== "identity");
    const depth = needs.depth + frames.length;
    if (kind !== "leaf" && depth >= maxEntityDepth) {
      tree.note("over-limits", node, `more than ${maxEntityDepth} entities within each other`);
      return { in: "body" };
    }
    const frame = { node, declaredType, startedAt: position };
    const delimiters = boundaries.map((boundary) => `--${boundary}`);
    if (kind === "leaf" || (kind === "message" && encoded)) {
      const sink = createLeaf({ ...needs, depth: depth + 1 }, node, header);
      if (delimiters.length > 0 && kind === "leaf" && depth < maxEntityDepth)
        frames.push({ ...frame, multipart: { delimiters, closed: false, seen: false, undeclared: true } });
      return { in: "body", sink };
    }
    if (kind === "message") {
      frames.push(frame);
      return headerState(node, undefined);
    }
    frames.push({ ...frame, multipart: { delimiters, closed: false, seen: false, undeclared: false } });
    return { in: "body", sink: encoded ? encodedMultipart(node, header) : betweenParts(node) };
  }

  /** Readers without MIME show what stands before and behind the parts, and take files out of it. */
  function betweenParts(node: PartNode): PartSink {
    const depth = needs.depth + frames.length;
    return fromFirstOctet(() => createUuSink({ ...needs, depth }, node));
  }

  /** For readers who decode a multipart: all of it may stand before what others take for its first delimiter. */
  function encodedMultipart(node: PartNode, header: EntityHeader): PartSink {
    const [first = "identity", ...others] = header.encodings.filter((encoding) => encoding !== "identity");
    const depth = needs.depth + frames.length;
    const decoded: EntityHeader = { ...header, encodings: ["identity"], doubts: [] };
    const lookInside = () => createEntityWalk({ ...needs, depth }, { at: "body", node, header: decoded });
    return createLeaf({ tree, lookInside, depth }, node, { ...header, encodings: [first, ...others] });
  }

  /** Ends what is open within the first `count` frames. */
  function endAbove(count: number): void {
    // A part that ends within its header is a part all the same.
    if (state.in === "header" && state.section.sizeBytes() > 0) state = stateAfter(state, noOctets);
    if (state.in === "body") state.sink?.end();
    while (frames.length > count) {
      const { node, multipart, startedAt } = frames.pop() ?? {};
      if (node === undefined || startedAt === undefined) continue;
      node.sizeBytes = Math.max(node.sizeBytes, position - startedAt);
      if (multipart?.seen === false && !multipart.undeclared)
        tree.noteMimeFault(node, "a multipart without any of its delimiters");
    }
  }

  function delimiterAt(line: string): Delimiter | undefined {
    const { delimiter, doubt } = readDelimiter(line, frames);
    if (doubt !== undefined) tree.noteMimeFault(frames.at(-1)?.node, doubt);
    if (delimiter !== undefined) return delimiter;
    // Where no boundary is given, some readers take the first line that looks like a delimiter.
    const multipart = frames.at(-1)?.multipart;
    if (multipart === undefined || multipart.delimiters.length > 0 || line.length < 3) return undefined;
    multipart.delimiters = [line];
    return { index: frames.length - 1, closing: false };
  }

  function goOnAfter({ index, closing }: Delimiter): void {
    endAbove(index + 1);
    const { node, declaredType, multipart } = frames[index] ?? {};
    if (state.in === "excess" || node === undefined || multipart === undefined) return;
    if (multipart.closed) tree.noteMimeFault(node, "a delimiter behind the closing one");
    if (multipart.undeclared) tree.noteMimeFault(node, "delimiters in a part that is no multipart");
    if (closing && !multipart.seen) tree.noteMimeFault(node, "a closing delimiter before any other");
    multipart.seen = true;
    multipart.closed = closing;
    state = closing ? { in: "body", sink: betweenParts(node) } : headerState(node, declaredType);
    atLineStart = true;
  }

  /** Reads header lines; returns how far. */
  function readHeader(buffer: Buffer, from: number, final: boolean, header: InHeader): number {
    const { section } = header;
    for (let at = from; at < buffer.length; ) {
      const lf = buffer.indexOf(LF, at);
      const next = lf < 0 ? buffer.length : lf + 1;
      const isOpen = lf < 0 && !final && next - at < maxSectionBytes;
      const isEnd = atLineStart && (lf === at || (lf === at + 1 && buffer[at] === CR));
      const isDashed = atLineStart && !isOpen && buffer[at] === DASH && buffer[at + 1] === DASH && frames.length > 0;
      const line = isDashed ? readDashLine(buffer, at, true) : undefined;
      const delimiter = line === undefined ? undefined : delimiterAt(line.text);
      if (isOpen || delimiter !== undefined) section.add(buffer.subarray(from, at));
      if (isOpen) return at;
      if (delimiter !== undefined) {
        position = readBytes + at - from;
        goOnAfter(delimiter);
        return next;
      }
      atLineStart = lf >= 0;
      if (isEnd) {
        position = readBytes + next - from;
        state = stateAfter(header, buffer.subarray(from, at));
        return next;
      }
      at = next;
    }
    section.add(buffer.subarray(from));
    return buffer.length;
  }

  /** Reads content up to the next delimiter, or all that can be none; returns how far. */
  function readBody(buffer: Buffer, from: number, final: boolean, { sink }: InBody): number {
    const deliver = (end: number): number => {
      if (end > from) {
        sink?.write(buffer.subarray(from, end));
        atLineStart = false;
      }
      return end;
    };
    if (!frames.some(({ multipart }) => multipart !== undefined)) return deliver(buffer.length);
    for (let search = from; ; ) {
      const at = findDashLine(buffer, search, atLineStart && search === from);
      if (at < 0) return deliver(final ? buffer.length : endOfCertain(buffer, from));
      const line = readDashLine(buffer, at, final);
      const end = endBefore(buffer, from, at);
      if (line === undefined) return deliver(end);
      const delimiter = line.text.startsWith("--") ? delimiterAt(line.text) : undefined;
      if (delimiter !== undefined) {
        deliver(end);
        position = readBytes + end - from;
        goOnAfter(delimiter);
        return line.next;
      }
      search = at + 1;
    }
  }

  function read(buffer: Buffer, final: boolean): number {
    let at = 0;
    while (at < buffer.length) {
      const before = at;
      if (state.in === "header") at = readHeader(buffer, at, final, state);
      else if (state.in === "body") at = readBody(buffer, at, final, state);
      else return buffer.length;
      readBytes += at - before;
      if (at === before) return at;
    }
    return at;
  }

  return {
    write(octets) {
      if (state.in === "excess" || octets.length === 0) return;
      // A long line that is still open is looked at once its end is there, or once it is too long.
      if (carryBytes > maxDelimiterLine && carryBytes + octets.length < maxSectionBytes && octets.indexOf(LF) < 0) {
        carry.push(Buffer.from(octets));
        carryBytes += octets.length;
        return;
      }
      const buffer = carryBytes === 0 ? octets : Buffer.concat([...carry, octets]);
      const end = read(buffer, false);
      carry = end === buffer.length ? [] : [Buffer.from(buffer.subarray(end))];
      carryBytes = buffer.length - end;
    },
    end() {
      if (carryBytes > 0) read(Buffer.concat(carry), true);
      carry = [];
      carryBytes = 0;
      position = readBytes;
      endAbove(0);
      state = { in: "excess" };
    },
  };
}
