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

/** Made when the first octet comes, if one comes; what ends without octets must have nothing to say. */
export function fromFirstOctet(make: () => PartSink): PartSink {
  let made: PartSink | undefined;
  return {
    write(octets) {
      if (octets.length === 0) return;
      made ??= make();
      made.write(octets);
    },
    end() {
      made?.end();
    },
  };
}
