// Answers that travel with a job, so that a worker need not ask back for what the cache holds anyway.
import type { Answer, RecordType, Resolve } from "./answer.ts";

export interface KnownAnswer {
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: RecordType;
  readonly answer: Answer;
}

/** An answer if it is there already; asks nobody. */
export type Peek = <T extends RecordType>(name: string, type: T) => Answer<T> | undefined;

/** A `Resolve` that takes what is known and asks `resolve` for the rest. */
export function resolveKnown(known: readonly KnownAnswer[], resolve: Resolve): Resolve {
  if (known.length === 0) return resolve;
  return (name, type) => {
    const asked = name.toLowerCase();
    for (const entry of known) {
      if (entry.name === asked && isFor(entry, type)) return Promise.resolve(entry.answer);
    }
    return resolve(name, type);
  };
}

function isFor<T extends RecordType>(entry: KnownAnswer, type: T): entry is KnownAnswer & { answer: Answer<T> } {
  return entry.type === type;
}
