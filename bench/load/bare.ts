// The unit that CPU of mails is told in. The machine changes its speed by a third from one second to the next: only what
// is measured just before and after a number explains it.
import type { Child } from "./child.ts";

/** CPU of one bare RSA-2048 signature on the machine whose milliseconds are called "scaled". */
export const referenceRsaMs = 0.252;

/** CPU milliseconds of one bare RSA-2048 signature, now. */
export function rsaSignMs(bare: Child): Promise<number> {
  return bare.call("arithmetic", { what: "sign", algorithm: "rsa", bytes: 2000, rounds: 100 });
}
