// Templates of notices: text with {{names}}, sections and nothing else (a part of Mustache). A template is read once, when
// the configuration is; what a mail brings fills it and is never read as a template itself.

/** What a name stands for: text, a list of texts, or a list of records with texts of their own. */
export type TemplateValue = string | readonly string[] | readonly Readonly<Record<string, string>>[];

/** What a name may stand for; of a list of records the names of their members. */
export type NameKind = "text" | "list" | readonly string[];

export type TemplateNames = Readonly<Record<string, NameKind>>;

export type Template = readonly TemplateNode[];

type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "section"; readonly name: string; readonly inverted: boolean; readonly body: Template };

/** What is wrong with a template, and where: lines and columns from 1. */
export interface TemplateFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export const maxTemplateChars = 64 * 1024;
const maxTags = 1000;
const maxDepth = 8;

interface Tag {
  /** "#", "^", "/", "!", or "" for a value. */
  readonly sigil: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

interface Open {
  readonly tag: Tag;
  readonly names: TemplateNames;
  readonly body: TemplateNode[];
  readonly isLoop: boolean;
}

/** Reads a template whose names are those of `names`. Linear; all faults are told. */
export function readTemplate(text: string, names: TemplateNames): { template: Template; faults: TemplateFault[] } {
  const faults: TemplateFault[] = [];
  const fault = (at: number, message: string): void => {
    const before = text.slice(0, at);
    const lineStart = before.lastIndexOf("\n") + 1;
    faults.push({ line: before.split("\n").length, column: at - lineStart + 1, message });
  };
  if (text.length > maxTemplateChars) {
    fault(0, `a template has at most ${maxTemplateChars} characters, this one has ${text.length}`);
    return { template: [], faults };
  }
  const template: TemplateNode[] = [];
  const open: Open[] = [];
  let at = 0;
  for (const tag of tagsOf(text, fault)) {
    const { body, names: known } = open.at(-1) ?? { body: template, names };
    const [start, end] = tag.sigil === "" ? [tag.start, tag.end] : wholeLine(text, tag);
    if (start > at) body.push({ kind: "text", text: text.slice(at, start) });
    at = end;
    if (tag.sigil === "!") continue;
    if (tag.sigil === "/") {
      const closed = open.pop();
      if (closed?.tag.name !== tag.name)
        fault(
          tag.start,
          closed === undefined
            ? `{{/${tag.name}}} closes nothing`
            : `{{/${tag.name}}} where {{/${closed.tag.name}}} should stand`,
        );
      continue;
    }
    const kind = Object.hasOwn(known, tag.name) ? known[tag.name] : undefined;
    if (kind === undefined) {
      fault(tag.start, `there is no "${tag.name}" here; there are ${Object.keys(known).join(", ")}`);
    }
    if (tag.sigil === "") {
      if (kind !== undefined && kind !== "text")
        fault(tag.start, `"${tag.name}" is a list: {{#${tag.name}}} … {{/${tag.name}}}`);
      body.push({ kind: "value", name: tag.name });
      continue;
    }
    if (open.length === maxDepth) fault(tag.start, `sections within sections, more than ${maxDepth} deep`);
    const isLoop = tag.sigil === "#" && kind !== undefined && kind !== "text";
    // What is written grows with the template and the longest list, not with their product.
    if (isLoop && open.some((outer) => outer.isLoop)) fault(tag.start, `"${tag.name}" is a list within a list`);
    const inside: TemplateNode[] = [];
    body.push({ kind: "section", name: tag.name, inverted: tag.sigil === "^", body: inside });
    open.push({ tag, names: tag.sigil === "#" ? namesWithin(known, kind) : known, body: inside, isLoop });
  }
  if (at < text.length) (open.at(-1)?.body ?? template).push({ kind: "text", text: text.slice(at) });
  for (const { tag } of open) fault(tag.start, `{{${tag.sigil}${tag.name}}} is never closed`);
  return { template, faults };
}

/** Within a list, "." is the text of an item; the members of a record stand before the names around it. */
function namesWithin(names: TemplateNames, kind: NameKind | undefined): TemplateNames {
  if (kind === "list") return { ...names, ".": "text" };
  if (kind === undefined || kind === "text") return names;
  return { ...names, ...Object.fromEntries(kind.map((member): [string, NameKind] => [member, "text"])) };
}

function tagsOf(text: string, fault: (at: number, message: string) => void): readonly Tag[] {
  const tags: Tag[] = [];
  for (let start = text.indexOf("{{"); start !== -1; ) {
    const close = text.indexOf("}}", start + 2);
    if (close === -1) {
      fault(start, "{{ without }}");
      break;
    }
    const [, sigil = "", name = ""] = /^\s*([#^/!]?)\s*([\s\S]*?)\s*$/.exec(text.slice(start + 2, close)) ?? [];
    const isName = sigil === "!" || /^(?:\.|[a-z][a-z0-9_]*)$/.test(name);
    if (!isName) fault(start, `expected a name between {{ and }}, found "${name.slice(0, 40)}"`);
    else tags.push({ sigil, name, start, end: close + 2 });
    if (tags.length > maxTags) {
      fault(start, `more than ${maxTags} names`);
      break;
    }
    start = text.indexOf("{{", close + 2);
  }
  return tags;
}

/** A section's tag that has a line for itself takes the line with it. */
function wholeLine(text: string, { start, end }: Tag): readonly [number, number] {
  let first = start;
  while (first > 0 && (text[first - 1] === " " || text[first - 1] === "\t")) first -= 1;
  let last = end;
  while (text[last] === " " || text[last] === "\t" || text[last] === "\r") last += 1;
  const alone = (first === 0 || text[first - 1] === "\n") && (last === text.length || text[last] === "\n");
  return alone ? [first, Math.min(last + 1, text.length)] : [start, end];
}

/** Fills a template. What is longer than `limitChars` is cut at the end of a line, and nothing more is written. */
export function fillTemplate(
  template: Template,
  values: Readonly<Record<string, TemplateValue>>,
  limitChars = 200_000,
): string {
  const out = { text: "", limitChars };
  fill(template, values, out);
  if (out.text.length <= limitChars) return out.text;
  const end = out.text.lastIndexOf("\n", limitChars);
  return `${out.text.slice(0, end === -1 ? limitChars : end)}\n...\n`;
}

interface Out {
  text: string;
  readonly limitChars: number;
}

function fill(template: Template, values: Readonly<Record<string, TemplateValue>>, out: Out): void {
  for (const node of template) {
    if (out.text.length > out.limitChars) return;
    if (node.kind === "text") {
      out.text += node.text;
      continue;
    }
    const value = (Object.hasOwn(values, node.name) ? values[node.name] : undefined) ?? "";
    if (node.kind === "value") {
      if (typeof value === "string") out.text += value;
    } else if (node.inverted) {
      if (value.length === 0) fill(node.body, values, out);
    } else if (typeof value === "string") {
      if (value !== "") fill(node.body, values, out);
    } else {
      for (const item of value)
        fill(node.body, { ...values, ...(typeof item === "string" ? { ".": item } : item) }, out);
    }
  }
}
