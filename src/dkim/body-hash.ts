// Body digests (RFC 6376 section 3.7), made while the body arrives or at once. However many signatures ask, each
// canonicalization runs once and each hash over its output runs once; l= takes a copy of the state on the way.
import { createHash, type Hash, hash } from "node:crypto";
import { type BodyDigest, type BodyDigestSpec, type BodySource, isSamePass, isSameSpec } from "../mail/digest.ts";
import type { BodyCanonicalizer, OctetSink } from "./body-lines.ts";
import { NofwsBody } from "./nofws-body.ts";
import { RelaxedBody } from "./relaxed-body.ts";
import { maxTextOctets } from "./relaxed-text.ts";
import { SimpleBody } from "./simple-body.ts";

export interface BodyHasher {
  update(chunk: Uint8Array): void;
  /** Ends the body; the digests come in the order of the specs. To be called once. */
  digest(): readonly BodyDigest[];
}

/** The digests of a body: those that were made while it arrived, or made now from its octets. */
export function readDigests(body: BodySource, specs: readonly BodyDigestSpec[]): readonly BodyDigest[] {
  if ("digests" in body) return body.digests;
  const [spec, ...more] = specs;
  const [only, ...rest] = body.chunks;
  if (spec === undefined) return [];
  if (only !== undefined && rest.length === 0 && only.length <= maxTextOctets && more.length === 0 && isPlain(spec))
    return [hashAtOnce(only, spec)];
  const hasher = createBodyHasher(specs);
  for (const chunk of body.chunks) hasher.update(chunk);
  return hasher.digest();
}

function isPlain({ canonicalization, length, prefix }: BodyDigestSpec): boolean {
  return canonicalization !== "nofws" && length === undefined && prefix === undefined;
}

/** What most mail is: one block and one digest. A hash in one call costs a third less than one with a state. */
function hashAtOnce(chunk: Uint8Array, spec: BodyDigestSpec): BodyDigest {
  const pieces: Uint8Array[] = [];
  // Fed once with one block, "simple" and "relaxed" do not use memory twice: the views stay good.
  const body = createCanonicalizer(spec, { write: (octets) => pieces.push(octets) });
  body.update(chunk);
  body.end();
  const [first, ...more] = pieces;
  const octets = first !== undefined && more.length === 0 ? first : Buffer.concat(pieces);
  return { ...spec, digest: hash(spec.hash, octets, "buffer"), canonicalBytes: octets.length };
}

/** The digest a spec asks for. Throws where it was not made: they were made for another header then. */
export function findDigest(digests: readonly BodyDigest[], spec: BodyDigestSpec): BodyDigest {
  const found = digests.find((other) => isSameSpec(other, spec));
  if (found === undefined) throw new Error("a body digest that a signature needs was not made");
  return found;
}

/** Hashes a body for all `specs` at once. Exact at any chunking; linear in the body. */
export function createBodyHasher(specs: readonly BodyDigestSpec[]): BodyHasher {
  const passes: Pass[] = [];
  const places = specs.map((spec) => {
    let pass = passes.find((other) => isSamePass(other.spec, spec));
    if (pass === undefined) {
      pass = new Pass(spec);
      passes.push(pass);
    }
    return { spec, pass, hash: pass.hashFor(spec) };
  });
  return {
    update(chunk) {
      for (const pass of passes) pass.body.update(chunk);
    },
    digest() {
      for (const pass of passes) pass.body.end();
      return places.map(({ spec, pass, hash }) => ({
        ...spec,
        digest: hash.digestAt(spec.length),
        canonicalBytes: pass.canonicalBytes,
      }));
    },
  };
}

/** One run of one canonicalization, and the hashes fed from it. */
class Pass implements OctetSink {
  readonly spec: BodyDigestSpec;
  readonly body: BodyCanonicalizer;
  canonicalBytes = 0;
  readonly #hashes: RunningHash[] = [];

  constructor(spec: BodyDigestSpec) {
    this.spec = spec;
    this.body = createCanonicalizer(spec, this);
  }

  hashFor(spec: BodyDigestSpec): RunningHash {
    let running = this.#hashes.find((other) => other.algorithm === spec.hash);
    if (running === undefined) {
      running = new RunningHash(spec);
      this.#hashes.push(running);
    }
    running.want(spec.length);
    return running;
  }

  write(octets: Uint8Array): void {
    for (const running of this.#hashes) running.update(octets, this.canonicalBytes);
    this.canonicalBytes += octets.length;
  }
}

function createCanonicalizer(spec: BodyDigestSpec, sink: OctetSink): BodyCanonicalizer {
  if (spec.canonicalization === "relaxed") return new RelaxedBody(sink);
  return spec.canonicalization === "simple" ? new SimpleBody(sink, spec.prefix !== undefined) : new NofwsBody(sink);
}

/** A hash over one canonicalized body, with the digests asked for on the way (l=). */
class RunningHash {
  readonly algorithm: BodyDigestSpec["hash"];
  readonly #hash: Hash;
  /** Lengths at which a digest is still to be taken; most bodies have none. */
  #lengths: number[] = [];
  #taken: Map<number, Uint8Array> | undefined;
  #whole: Uint8Array | undefined;
  #wholeIsWanted = false;

  constructor(spec: BodyDigestSpec) {
    this.algorithm = spec.hash;
    this.#hash = createHash(spec.hash);
    if (spec.prefix !== undefined) this.#hash.update(spec.prefix);
  }

  want(length: number | undefined): void {
    if (length === undefined) this.#wholeIsWanted = true;
    else if (!this.#lengths.includes(length)) this.#lengths.push(length);
  }

  update(octets: Uint8Array, offset: number): void {
    if (this.#lengths.length === 0) {
      if (this.#wholeIsWanted) this.#hash.update(octets);
      return;
    }
    const end = offset + octets.length;
    let done = 0;
    for (const length of this.#lengths.filter((length) => length <= end).sort((a, b) => a - b)) {
      this.#hash.update(octets.subarray(done, length - offset));
      done = length - offset;
      this.#taken ??= new Map();
      this.#taken.set(length, this.#hash.copy().digest());
    }
    this.#lengths = this.#lengths.filter((length) => length > end);
    this.#hash.update(octets.subarray(done));
  }

  /** After the body's end. A length beyond it gives the whole body's digest. */
  digestAt(length: number | undefined): Uint8Array {
    const taken = length === undefined ? undefined : this.#taken?.get(length);
    if (taken !== undefined) return taken;
    this.#whole ??= this.#hash.digest();
    return this.#whole;
  }
}
