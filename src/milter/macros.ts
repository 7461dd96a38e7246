// Macros: what the MTA says about a session and a mail ("j", "i", "{auth_type}"), sent before the step they belong to.

/** Steps whose macros hold for the connection; all others are of one mail. */
const ofConnection = "CH";
/** Those of MAIL come before it: they are true when it begins. */
const ofBeginning = `${ofConnection}M`;

/** Names without braces. */
export type MacroValues = ReadonlyMap<string, string>;

const maxMacros = 200;
const maxValueChars = 1024;

export interface Macros {
  /** Takes the macros of a step; those of the same step before are forgotten. `pairs` are names and values in turn. */
  define(step: string, pairs: readonly string[]): void;
  get(name: string): string | undefined;
  /** A mail begins: what is known of an earlier one is no longer true. */
  beginMail(): void;
  /** A mail is over. */
  endMail(): void;
  clear(): void;
}

export function createMacros(): Macros {
  const byStep = new Map<string, MacroValues>();
  function keepOnly(steps: string): void {
    for (const step of byStep.keys()) if (!steps.includes(step)) byStep.delete(step);
  }
  return {
    define(step, pairs) {
      const values = new Map<string, string>();
      for (let i = 0; i + 1 < pairs.length && values.size < maxMacros; i += 2) {
        const name = (pairs[i] ?? "").replace(/^\{(.*)\}$/s, "$1");
        values.set(name, (pairs[i + 1] ?? "").slice(0, maxValueChars));
      }
      byStep.set(step, values);
    },
    get(name) {
      // Later steps know better: the queue id is there from the first recipient on.
      let found: string | undefined;
      for (const values of byStep.values()) found = values.get(name) ?? found;
      return found;
    },
    beginMail: () => keepOnly(ofBeginning),
    endMail: () => keepOnly(ofConnection),
    clear: () => byStep.clear(),
  };
}
