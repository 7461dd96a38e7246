// The parts of a mail and what of it could not be looked through, for a terminal.
import { visible } from "../flow/outcome/log-line.ts";
import { meaningLines, wordOf } from "../flow/words/all-words.ts";
import type { MailPart, PartsFound } from "../mail/content.ts";
import { jsonText } from "../mail/json-text.ts";

/** "1.2 application/zip .zip "a.zip" 1234 octets, encrypted", each as deep as its path, and why a mail is unchecked. */
export function partLines({ parts, unchecked }: PartsFound): readonly string[] {
  const reasons = unchecked.flatMap(({ reason, path, detail }) => [
    `  ${reason}${path === undefined ? "" : ` at ${path}`}: ${visible(detail)}`,
    ...meaningLines(wordOf("unchecked", reason)).map((line) => `  ${line}`),
  ]);
  return [
    "parts:",
    ...parts.map((part) => `${"  ".repeat(part.path.split(".").length)}${partText(part)}`),
    ...(reasons.length === 0 ? [] : ["unchecked:", ...reasons]),
  ];
}

function partText({ path, declaredType, types, names, sizeBytes, encrypted }: MailPart): string {
  const words = [
    path,
    ...(declaredType === undefined ? [] : [visible(declaredType)]),
    ...types.map((type) => `.${type}`),
    ...names.map(jsonText),
    `${sizeBytes} octets${encrypted ? ", encrypted" : ""}`,
  ];
  return words.join(" ");
}
