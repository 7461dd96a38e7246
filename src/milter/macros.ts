// Macros: what the MTA says about a session and a mail ("j", "i", "{auth_type}"), sent before the step they belong to.

/** Steps whose macros hold for the connection; all others are of one mail. */
const ofConnection = "CH";
/** Those of MAIL come before it: they are true when it begins. */
const ofBeginning = `${ofConnection}M`;

const maxMacros = 200;
const maxValueChars = 1024;

export interface Macros {
  /** Takes the macros of a step; those of the same step before are forgotten. `text` has names and values in turn, a NUL behind each. */
  define(step: string, text: string): void;
  /** @param name without braces */
  get(name: string): string | undefined;
  /** A mail begins: what is known of an earlier one is no longer true. */
  beginMail(): void;
  /** A mail is over. */
  endMail(): void;
  clear(): void;
}

export function createMacros(): Macros {
  const byStep = new Map<string, string>();
  function keepOnly(steps: string): void {
    for (const step of byStep.keys()) if (!steps.includes(step)) byStep.delete(step);
  }
  return {
    define(step, text) {
      byStep.set(step, text);
    },
    get(name) {
      // Later steps know better: the queue id is there from the first recipient on.
      let found: string | undefined;
      for (const text of byStep.values()) found = valueIn(text, name) ?? found;
      return found;
    },
    beginMail: () => keepOnly(ofBeginning),
    endMail: () => keepOnly(ofConnection),
    clear: () => byStep.clear(),
  };
}

/** Read when it is asked for: most steps of most mails are not. The last value of a name counts. */
function valueIn(text: string, name: string): string | undefined {
  let found: string | undefined;
  let at = 0;
  for (let count = 0; count < maxMacros; count += 1) {
    const nameEnd = text.indexOf("\0", at);
    if (nameEnd === -1) break;
    const end = text.indexOf("\0", nameEnd + 1);
    const valueEnd = end === -1 ? text.length : end;
    if (isNamed(text, at, nameEnd, name)) {
      found = text.slice(nameEnd + 1, Math.min(valueEnd, nameEnd + 1 + maxValueChars));
    }
    at = valueEnd + 1;
  }
  return found;
}

/** Names of more than one letter stand in braces. */
function isNamed(text: string, from: number, to: number, name: string): boolean {
  if (to - from === name.length) return text.startsWith(name, from);
  return to - from === name.length + 2 && text[from] === "{" && text[to - 1] === "}" && text.startsWith(name, from + 1);
}
