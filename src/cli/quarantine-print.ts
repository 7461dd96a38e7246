// Copies in quarantine as people and programs read them.
import { decodeUtf8 } from "../mail/domain.ts";
import { withoutControls } from "../mail/json-text.ts";
import type { QuarantineRow } from "../mail/quarantine-row.ts";

/** For `--json`: amavisd's names, times as ISO 8601. The secret is left to `show`. */
export function copyRecord(row: QuarantineRow): Readonly<Record<string, unknown>> {
  return {
    mail_id: row.mailId,
    name: row.name,
    folder: row.folder,
    time: new Date(row.at).toISOString(),
    state: row.state,
    purpose: row.purpose,
    category: row.category,
    sender: readable(row.sender),
    recipients: row.recipients.map(readable),
    blocked: row.blocked.map(readable),
    subject: row.subject,
    size: row.size,
    ...(row.score === undefined ? {} : { score: row.score }),
    found: row.found,
    ...(row.releasedAt === undefined ? {} : { released: new Date(row.releasedAt).toISOString() }),
    ...(row.deletedAt === undefined ? {} : { deleted: new Date(row.deletedAt).toISOString() }),
  };
}

/** One line of a list. */
export function copyLine(row: QuarantineRow): string {
  const [first = "", ...others] = row.recipients.map(readable);
  const more = others.length === 0 ? "" : ` +${others.length}`;
  const score = row.score === undefined ? "-" : String(row.score);
  const what = `${row.category.replace(/^CC_/, "")}${row.purpose === "archive" ? " (archive)" : ""}`;
  const line =
    `${new Date(row.at).toISOString().replace(/\.\d+Z$/, "Z")} ${row.mailId} ${row.state} ${what} ${score} ` +
    `${octetsText(row.size)} <${readable(row.sender)}> -> <${first}>${more} "${row.subject}"`;
  return withoutControls(line);
}

/** Everything there is to say of a copy, a line each. */
export function copyLines(row: QuarantineRow): readonly string[] {
  const time = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["mail_id", row.mailId],
    ["secret_id", row.secretId || undefined],
    ["file", `${row.folder}/${row.name}`],
    ["state", row.state],
    ["received", time(row.at)],
    ["released", time(row.releasedAt)],
    ["deleted", time(row.deletedAt)],
    ["kept as", row.purpose],
    ["category", row.category],
    ["found", row.found.join(", ") || undefined],
    ["score", row.score === undefined ? undefined : String(row.score)],
    ["size", octetsText(row.size)],
    ["sender", `<${readable(row.sender)}>`],
    ["recipients", row.recipients.map((each) => `<${readable(each)}>`).join(", ")],
    ["blocked for", row.blocked.map((each) => `<${readable(each)}>`).join(", ") || undefined],
    ["subject", row.subject],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [withoutControls(`${name.padEnd(12)}${value}`)]));
}

/** An address as text; as it stands where it is no UTF-8. */
export function readable(address: string): string {
  return decodeUtf8(address) ?? address;
}

function octetsText(octets: number): string {
  if (octets < 1024) return `${octets}`;
  return octets < 1024 ** 2 ? `${(octets / 1024).toFixed(1)}k` : `${(octets / 1024 ** 2).toFixed(1)}M`;
}
