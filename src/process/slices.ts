// Long work of many small steps, done at once where nobody waits, or a slice at a time beside mail.

/** For so long mail may wait, milliseconds. */
const sliceMs = 5;

/** Does all of it before it returns. */
export function atOnce<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Does it in slices of a few milliseconds; between them the event loop goes on. Rejects with what the work throws. */
export async function inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const untilMs = performance.now() + sliceMs;
    do {
      const step = work.next();
      if (step.done === true) return step.value;
    } while (performance.now() < untilMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
