// The header section of a part read as one. Most parts of most mails have one of a few headers: what those say is remembered.
import { LRUCache } from "lru-cache";
import { type HeaderCut, splitHeader } from "../mail/header.ts";
import { type EntityHeader, readEntityHeader } from "./entity-header.ts";

export interface SectionRead {
  readonly header: EntityHeader;
  /** Why not all of it was read. */
  readonly cut?: HeaderCut | undefined;
}

/** Octets of a section that is remembered, sections, and characters of all that they say. */
const maxKeptBytes = 512;
const maxKept = 500;
const maxKeptCharacters = 512 * 1024;

const kept = new LRUCache<string, SectionRead>({ max: maxKept, maxSize: maxKeptCharacters });

/** `within`: the declared type of the entity around it. The octets are not kept; what it returns is shared. */
export function readSection(octets: Buffer, within: string | undefined): SectionRead {
  if (octets.length > maxKeptBytes) return readAnew(octets, within);
  // No declared type has a line end.
  const key = `${within ?? ""}\n${octets.toString("latin1")}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const read = readAnew(octets, within);
  const { boundaries, doubts, names } = read.header;
  // A boundary does not come again, and hostile headers are not to push the others out.
  if (boundaries.length === 0 && doubts.length === 0 && read.cut === undefined)
    kept.set(key, read, { size: key.length + names.reduce((sum, name) => sum + name.length, 0) });
  return read;
}

function readAnew(octets: Buffer, within: string | undefined): SectionRead {
  const { fields, cut } = splitHeader(octets);
  return { header: readEntityHeader(fields, within), cut };
}
