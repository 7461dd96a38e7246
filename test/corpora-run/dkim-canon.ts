// Runs dkim-canon: each vector must come out equal, however the input is cut into chunks.
import { createBodyHasher } from "../../src/dkim/body-hash.ts";
import { canonicalizeField } from "../../src/dkim/canonical-header.ts";
import { RelaxedBody } from "../../src/dkim/relaxed-body.ts";
import { SimpleBody } from "../../src/dkim/simple-body.ts";
import type { Canonicalization } from "../../src/mail/digest.ts";
import { readJson } from "./corpora.ts";

interface Vectors {
  readonly hashes: Readonly<Record<string, string>>;
  readonly vectors: readonly {
    readonly source: string;
    readonly part: "header" | "body";
    readonly canon: Canonicalization;
    readonly input: string;
    readonly output: string;
  }[];
}

export interface CanonRow {
  readonly name: string;
  readonly wanted: string;
  readonly got: string;
}

/** All vectors and the hashes of empty bodies; a row is right when `got` is `wanted`. */
export function runDkimCanon(corpora: string): CanonRow[] {
  const { vectors, hashes } = readJson<Vectors>(corpora, "dkim-canon", "vectors.json");
  const rows = vectors.map(({ source, part, canon, input, output }, i) => ({
    name: `${i} ${source} ${part} ${canon}`,
    wanted: JSON.stringify(output),
    got: JSON.stringify(
      part === "header" ? canonicalHeader(input, canon) : canonicalBodyAtAnyCut(input, canon, output),
    ),
  }));
  const empty = (["simple", "relaxed"] as const).flatMap((canonicalization) =>
    (["sha1", "sha256"] as const).map((hash) => {
      const name = `empty body, ${canonicalization}, ${hash}`;
      const [digest] = createBodyHasher([{ canonicalization, hash }]).digest();
      return { name, wanted: hashes[name] ?? "", got: Buffer.from(digest?.digest ?? []).toString("base64") };
    }),
  );
  return [...rows, ...empty];
}

/** The canonical body of chunks, as octets. */
export function canonicalBody(chunks: readonly Uint8Array[], canonicalization: Canonicalization): Buffer {
  const written: Buffer[] = [];
  const sink = { write: (octets: Uint8Array) => void written.push(Buffer.from(octets)) };
  const body = canonicalization === "simple" ? new SimpleBody(sink, false) : new RelaxedBody(sink);
  for (const chunk of chunks) body.update(chunk);
  body.end();
  return Buffer.concat(written);
}

function canonicalHeader(input: string, canonicalization: Canonicalization): string {
  return `${canonicalizeField(input.replace(/\r\n$/, ""), canonicalization)}\r\n`;
}

function canonicalBodyAtAnyCut(input: string, canonicalization: Canonicalization, wanted: string): string {
  const octets = Buffer.from(input, "latin1");
  for (let cut = 0; cut <= octets.length; cut += 1) {
    const got = canonicalBody([octets.subarray(0, cut), octets.subarray(cut)], canonicalization).toString("latin1");
    if (got !== wanted) return got;
  }
  const single = canonicalBody(
    Array.from(octets, (octet) => Uint8Array.of(octet)),
    canonicalization,
  );
  return single.toString("latin1");
}
