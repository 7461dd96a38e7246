// Settings that came from an amavisd.conf, as a signpost.yaml whose comments point to the lines they come from.
import { basename } from "node:path";
import { Document, isMap, isPair, isScalar, isSeq, type Node, type Pair } from "yaml";
import type { ConfigSource, Place, Problem, SettingPath } from "../config/source.ts";
import { withOwnScanners } from "./own-scanners.ts";

/** Letters of a list or mapping that still goes on one line. */
const longest = 70;

/** Settings whose members get comments of their own: a bank, a key, a port's policy. */
const detailed = new Set(["policy_bank", "dkim_keys", "interface_policy"]);

/**
 * The text of a signpost.yaml with the same settings.
 * @param from the names of the files read, for the head
 */
export function writeYaml(source: ConfigSource, from: readonly string[]): string {
  const document = new Document(withOwnScanners(source.settings), { aliasDuplicateObjects: false });
  const place = new Places(source);
  if (isMap(document.contents)) {
    for (const pair of document.contents.items) comment(pair, [], place);
  }
  const head = [
    ` Made by "signpost import" from ${from.join(" ")}.`,
    " Comments name the line that a setting comes from.",
    ...notTaken(source.problems),
  ];
  document.commentBefore = head.join("\n");
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

class Places {
  readonly #source: ConfigSource;
  constructor(source: ConfigSource) {
    this.#source = source;
  }

  /** " amavisd.conf:12" for a setting of its own place. */
  words(path: SettingPath): string | undefined {
    const place = this.#source.locate(path, "name");
    return place === undefined ? undefined : ` ${shortPlace(place)}`;
  }
}

function shortPlace(place: Place): string {
  return `${basename(place.file)}:${place.line}`;
}

/** Comments a pair, above it where its value takes several lines, behind it where it is one. */
function comment(pair: Pair, above: SettingPath, place: Places): void {
  const { key, value } = pair;
  if (!isScalar(key)) return;
  const path = [...above, String(key.value)];
  const words = place.words(path);
  const members = above.length < 2 && (above.length > 0 || detailed.has(String(key.value)));
  if (isNode(value) && (!members || isSeq(value))) fold(value);
  if (words !== undefined) {
    if (isScalar(value) && !(typeof value.value === "string" && value.value.includes("\n"))) value.comment = words;
    else if ((isMap(value) || isSeq(value)) && value.flow === true) value.comment = words;
    else key.commentBefore = words;
  }
  if (!members) return;
  if (isMap(value) && value.flow !== true) for (const member of value.items) comment(member, path, place);
  if (isSeq(value) && value.flow !== true) {
    for (const [index, item] of value.items.entries()) commentItem(item, [...path, index], place);
  }
}

/** Short lists and mappings of plain values go on one line. */
function fold(node: Node): number {
  if (isScalar(node)) {
    const text = String(node.value);
    return text.includes("\n") ? longest + 1 : text.length + 2;
  }
  if (!isSeq(node) && !isMap(node)) return longest + 1;
  let length = 0;
  let plain = true;
  for (const item of node.items) {
    const value: unknown = isPair(item) ? item.value : item;
    const own = isNode(value) ? fold(value) : 4;
    length += own + (isPair(item) ? String(item.key).length + 2 : 0);
    plain &&= isScalar(value) || value === null;
  }
  if (plain && length <= longest) node.flow = true;
  return longest + 1;
}

function commentItem(item: unknown, path: SettingPath, place: Places): void {
  const words = place.words(path);
  if (words !== undefined && isNode(item)) item.commentBefore = words;
}

function isNode(item: unknown): item is Node {
  return isMap(item) || isSeq(item) || isScalar(item);
}

/** Lines of the head on what was not taken over. */
function notTaken(problems: readonly Problem[]): string[] {
  const serious = problems.filter(({ severity }) => severity !== "note");
  if (serious.length === 0) return [];
  const lines = serious.map(({ place, severity, message }) => {
    const where = place === undefined ? "" : `${shortPlace(place)}: `;
    return `   ${where}${severity}: ${message.replaceAll("\n", " ")}`;
  });
  return ["", " Not taken, or not as it stands there:", ...lines];
}
