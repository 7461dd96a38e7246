// What signpost is held to beside its rivals: how many times its CPU per message each of them has to take.
import type { PeerWork } from "./peer.ts";

/** Names of signpost's own lines: the filter that passes mail on, and the milter. */
export const own = "signpost";
export const ownAsMilter = "signpost (milter)";

export interface Asked {
  /** How its name begins. */
  readonly peer: string;
  readonly work: PeerWork;
  readonly bytes: number;
  readonly times: number;
  /** The line of signpost's that it is held against; the filter's unless given. */
  readonly beside?: typeof own | typeof ownAsMilter;
}

export const asked: readonly Asked[] = [
  { peer: "amavisd", work: "sign-rsa", bytes: 10_000, times: 25 },
  { peer: "amavisd", work: "verify", bytes: 10_000, times: 30 },
  { peer: "opendkim", work: "sign-rsa", bytes: 1_500, times: 3 },
  { peer: "opendkim", work: "sign-rsa", bytes: 10_000, times: 3 },
  { peer: "opendkim", work: "verify", bytes: 1_500, times: 3 },
  { peer: "opendkim", work: "verify", bytes: 10_000, times: 3 },
  { peer: "opendkim", work: "sign-rsa", bytes: 10_000, times: 3, beside: ownAsMilter },
  { peer: "opendkim", work: "verify", bytes: 10_000, times: 3, beside: ownAsMilter },
  { peer: "rspamd", work: "sign-rsa", bytes: 10_000, times: 3, beside: ownAsMilter },
  { peer: "rspamd", work: "verify", bytes: 10_000, times: 3, beside: ownAsMilter },
  { peer: "smtp-server", work: "sign-rsa", bytes: 10_000, times: 3.5 },
  { peer: "smtp-server", work: "verify", bytes: 10_000, times: 3.5 },
  { peer: "amavisd", work: "sign-rsa", bytes: 10_000_000, times: 5 },
  { peer: "amavisd", work: "verify", bytes: 10_000_000, times: 5 },
];

/** Full load on cores that carry source and sink as well: mails a second as a multiple of the rival's, the filter's line. */
export const askedRates: readonly Omit<Asked, "beside">[] = (["sign-rsa", "verify"] as const).flatMap((work) =>
  [1_500, 10_000].map((bytes) => ({ peer: "rspamd", work, bytes, times: 1 })),
);

/** Latency of 10 kB at each rate: at most so many times the rival's. */
export const askedLatency = { peer: "opendkim", p50: 0.7, p99: 1 } as const;
