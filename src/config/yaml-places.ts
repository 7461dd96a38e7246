// Where a setting stands in a YAML document: file, line and column of its name or its value.
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type YAMLMap } from "yaml";
import type { Place, SettingPath } from "./source.ts";

export interface ParsedYaml {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Where the setting at a path stands, or what is next to it of those above. */
export function placeIn(parsed: ParsedYaml, path: SettingPath, at: "value" | "name"): Place {
  let node: unknown = parsed.document.contents;
  let offset = 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(parsed.document);
    // One table alone may stand where a list of tables is meant.
    if (step === 0 && !isSeq(node)) continue;
    const found = stepInto(node, step);
    if (found === undefined) break;
    const last = index === path.length - 1;
    const nameOffset = found.name?.range?.[0];
    const valueOffset = isAlias(found.value) || isAnyNode(found.value) ? found.value.range?.[0] : undefined;
    offset = (last && at === "value" ? (valueOffset ?? nameOffset) : (nameOffset ?? valueOffset)) ?? offset;
    node = found.value;
  }
  return placeAt(parsed, offset);
}

export function placeAt(parsed: ParsedYaml, offset: number): Place {
  const { line, col } = parsed.lines.linePos(offset);
  return { file: parsed.file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

interface Found {
  readonly name?: Node;
  readonly value: unknown;
}

function stepInto(node: unknown, step: string | number): Found | undefined {
  if (isMap(node)) return membersOf(node).get(String(step));
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { value: item };
  }
  return undefined;
}

/** Members by name, found once per mapping: a table may have thousands, and each can be asked for. */
const members = new WeakMap<YAMLMap, ReadonlyMap<string, Found>>();

function membersOf(map: YAMLMap): ReadonlyMap<string, Found> {
  const known = members.get(map);
  if (known !== undefined) return known;
  const found = new Map<string, Found>();
  for (const { key: name, value } of map.items) {
    if (isScalar(name)) found.set(String(name.value), { name, value });
  }
  members.set(map, found);
  return found;
}

export function offsetOf(node: unknown): number {
  return isAlias(node) || isAnyNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function isAnyNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value);
}
