// Where octets go, piece by piece. How they are cut into pieces never matters to what comes out.

export interface PartSink {
  /** The octets are read before it returns, never kept. */
  write(octets: Buffer): void;
  end(): void;
}

/** Writes to each of them. */
export function toAll(sinks: readonly PartSink[]): PartSink {
  const [only] = sinks;
  if (only !== undefined && sinks.length === 1) return only;
  return {
    write(octets) {
      for (const sink of sinks) sink.write(octets);
    },
    end() {
      for (const sink of sinks) sink.end();
    },
  };
}
