// What a copy in quarantine says of the mail: amavisd's fields (amavis.md 1.11), the same for all recipients.
import { encodeUnstructured } from "../../mail/encoded-word.ts";
import { foldedField } from "../../mail/folded-field.ts";
import type { ContentFound, ScoreFound } from "../../policy/decision.ts";

/** Names in one field: what a mail holds must not make a field of any length. */
const maxNames = 20;
const maxNameChars = 200;
const maxStars = 64;

/** Each ends in CRLF; the topmost first. */
export function copyFields(content: ContentFound | undefined): readonly string[] {
  if (content === undefined) return [];
  const { viruses, banned, headerFaults, score } = content;
  return [
    ...(viruses.length === 0 ? [] : [alert(`INFECTED, message contains virus: ${some(viruses)}`)]),
    ...(banned === undefined ? [] : [alert(`BANNED, message contains ${some(banned.names)}`)]),
    ...(headerFaults.length === 0 ? [] : [alert(`BAD HEADER SECTION, ${some(headerFaults.slice(0, 1))}`)]),
    ...(score === undefined ? [] : scoreFields(score)),
  ];
}

/** Folded: many names make a line that no mail server has to take (RFC 5322 section 2.1.1). */
function alert(text: string): string {
  const encoded = encodeUnstructured(text);
  return encoded === text ? foldedField("X-Amavis-Alert", text.split(/(?= )/)) : `X-Amavis-Alert: ${encoded}\r\n`;
}

function some(names: readonly string[]): string {
  return names
    .slice(0, maxNames)
    .map((name) => name.slice(0, maxNameChars))
    .join(", ");
}

function scoreFields({ score, tests, autolearn, tag, tag2, kill }: ScoreFound): readonly string[] {
  const isSpam = tag2 !== undefined && score >= tag2;
  const points = String(Math.round(score * 1000) / 1000);
  const level = (name: string, value: number | undefined) => ` ${name}=${value === undefined ? "x" : value}`;
  const stars = "*".repeat(Math.max(0, Math.min(maxStars, Math.trunc(score))));
  return [
    `X-Spam-Flag: ${isSpam ? "YES" : "NO"}\r\n`,
    `X-Spam-Score: ${points}\r\n`,
    `X-Spam-Level: ${stars}\r\n`,
    `X-Spam-Status: ${isSpam ? "Yes" : "No"}, score=${points}${level("tag", tag)}${level("tag2", tag2)}` +
      `${level("kill", kill)}\r\n tests=[${tests.slice(0, maxTests).map(plain).join(",\r\n ")}]` +
      ` autolearn=${plain(autolearn ?? "unavailable")}\r\n`,
  ];
}

const maxTests = 200;

/** What a scanner says stays on its line. */
function plain(text: string): string {
  return text.slice(0, maxNameChars).replace(/[^\x21-\x7e]/g, "?");
}
