// How many errors of its client a session takes. What is an error is left to dialog.ts.

/** Commands that lead to no mail before each counts as an error (Postfix's figure). */
const junkCommandLimit = 100;

export class ErrorCount {
  #errors = 0;
  #junk = 0;

  /** Counts an error; true once there are `max`. */
  error(max: number, weight = 1): boolean {
    this.#errors += weight;
    return this.#errors >= max;
  }

  /** Counts a command that leads to no mail; true where that makes `max` errors. */
  junk(max: number): boolean {
    this.#junk += 1;
    return this.#junk > junkCommandLimit && this.error(max);
  }

  /** A mail has come to its end: one that was accepted makes up for all errors. */
  mailEnded(accepted: boolean): void {
    this.#junk = 0;
    if (accepted) this.#errors = 0;
  }
}
