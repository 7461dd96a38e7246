// A keys file of dkim-filter written down for signpost (YAML) and for amavisd (Perl), with the same choice of key for
// every sender.
import type { Keysfile, KeysfileKey, KeysfileRule } from "./keysfile.ts";

/** Lines for signpost.yaml. */
export function keysfileToYaml({ keys, rules }: Keysfile): string {
  const lines = keys.length === 0 ? ["dkim_keys: []"] : ["dkim_keys:"];
  for (const { domain, selector, file } of keys) {
    lines.push(`  - { domain: ${scalar(domain)}, selector: ${scalar(selector)}, file: ${scalar(file)} }`);
  }
  if (needsTable(keys, rules)) {
    lines.push("dkim_signature_options_bysender_maps:", "  - regexp:");
    lines.push("      # the first line that matches decides; every line sets d, so that no later one has a say");
    for (const { pattern, signWith } of rules) {
      const tags =
        signWith === undefined ? "d: null" : `d: ${scalar(signWith.domain)}, s: ${scalar(signWith.selector)}`;
      lines.push(
        `      - [${JSON.stringify(pattern === "*" || pattern === "*@*" ? "^" : `(?is)${regexpOf(pattern)}`)}, { ${tags} }]`,
      );
    }
    if (!endsInCatchAll(rules)) lines.push('      - ["^", { d: null }]');
  }
  return `${lines.join("\n")}\n`;
}

/** Lines for amavisd.conf. */
export function keysfileToAmavisd({ keys, rules }: Keysfile): string {
  const lines = keys.map(
    ({ domain, selector, file }) =>
      `dkim_key(${`${perl(domain)},`.padEnd(18)} ${`${perl(selector)},`.padEnd(12)} ${perl(file)});`,
  );
  if (needsTable(keys, rules)) {
    lines.push("", "@dkim_signature_options_bysender_maps = (new_RE(");
    // amavisd has no word for "the sender's own domain" that would keep a later line's d away: such a later line has
    // to leave those senders out.
    const own: string[] = [];
    for (const { pattern, signWith } of rules) {
      const tags = signWith === undefined ? "d=>undef" : amavisdTags(signWith);
      lines.push(row(own, regexpOf(pattern), tags));
      if (signWith?.domain === "*") own.push(pattern);
    }
    if (!endsInCatchAll(rules)) lines.push(row(own, "^", "d=>undef"));
    lines.push("));");
  }
  return lines.map((line) => `${line}\n`).join("");
}

function amavisdTags({ domain, selector }: NonNullable<KeysfileRule["signWith"]>): string {
  return domain === "*" ? `s=>${perl(selector)}` : `d=>${perl(domain)}, s=>${perl(selector)}`;
}

function row(excluded: readonly string[], regexp: string, tags: string): string {
  const not = excluded.map((pattern) => `(?!${wildcards(pattern)}\\z)`).join("");
  const rest = regexp.startsWith("^") ? regexp.slice(1) : `.*${regexp}`;
  const whole = not === "" ? regexp : `^${not}${rest}`;
  return `  [ ${`qr/${whole.replaceAll(/[/@]/g, "\\$&")}/is`.padEnd(30)} => { ${tags}} ],`;
}

/**
 * Without a table each address takes the first key of its own domain. That says it all where every line gives a whole
 * domain one key of that domain.
 */
function needsTable(keys: readonly KeysfileKey[], rules: readonly KeysfileRule[]): boolean {
  const plain = rules.every(({ pattern, signWith }) => signWith !== undefined && pattern === `*@${signWith.domain}`);
  const domains = new Set(keys.map(({ domain }) => domain));
  return (
    !plain ||
    domains.size < keys.length ||
    domains.size < rules.length ||
    [...domains].some((each) => each.includes("*"))
  );
}

function endsInCatchAll(rules: readonly KeysfileRule[]): boolean {
  const last = rules.at(-1)?.pattern;
  return last === "*" || last === "*@*";
}

/** The pattern as a regular expression, without anchors next to a "*": "^joe@example\.com\z". */
function regexpOf(pattern: string): string {
  if (pattern === "*" || pattern === "*@*") return "^";
  const start = pattern.startsWith("*") ? "" : "^";
  const end = pattern.endsWith("*") ? "" : "\\z";
  return `${start}${wildcards(pattern.replace(/^\*+/, "").replace(/\*+$/, ""))}${end}`;
}

function wildcards(pattern: string): string {
  return pattern
    .split("*")
    .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"))
    .join(".*");
}

/** Plain where YAML cannot take it for anything but text. */
function scalar(text: string): string {
  const word = /^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text);
  return !word && /^[A-Za-z/][A-Za-z0-9_./-]*$/.test(text) ? text : JSON.stringify(text);
}

function perl(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
