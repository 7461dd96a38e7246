// JSON of what came with mail, for a log, a terminal, a socket: what a terminal acts on or shows turned round stays an
// escape. JSON.stringify escapes the C0 controls alone.

/** DEL and C1, line separators, what flips the direction of text, marks that nobody sees. */
const unsafe = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** As JSON.stringify, for a value that is no function or undefined. */
export function jsonText(value: object | string | number | boolean | null, indent?: number): string {
  return escapeUnsafe(JSON.stringify(value, undefined, indent));
}

/** JSON that means the same; such characters can only stand within its strings. */
export function escapeUnsafe(json: string): string {
  return /^[\x0a\x20-\x7e]*$/.test(json)
    ? json
    : json.replaceAll(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Text with a "?" for each of them, and for the C0 controls. */
export function withoutControls(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replaceAll(/[\x00-\x1f]/g, "?").replaceAll(unsafe, "?");
}
