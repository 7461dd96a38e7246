// What an explanation says of the configuration in force beside what a mail itself shows.

export interface Surroundings {
  /** "127.0.0.1:53", or "the answers of FILE". */
  readonly dnsServers: readonly string[];
  /** Listeners whose bank makes mail ours: "10026 (ORIGINATING)". */
  readonly originatingListeners: readonly string[];
  /** The networks whose clients' mail is ours, as written. */
  readonly mynetworks: readonly string[];
  /** Where they are written: "signpost.yaml:4:1". */
  readonly mynetworksOrigin?: string;
}

export const noSurroundings: Surroundings = { dnsServers: [], originatingListeners: [], mynetworks: [] };

/** "asked of 127.0.0.1:53", "" where it is not known. */
export function askedOf({ dnsServers }: Surroundings): string {
  return dnsServers.length === 0 ? "" : `, asked of ${dnsServers.join(", ")}`;
}
