// The body as a DKIM job takes it: digests made while it arrived, its octets where it is short, digests made now else.
import { type BodyDigest, type BodyDigestSpec, type BodySource, isSameSpec } from "../../mail/digest.ts";
import type { Body, MemoryBody } from "../../mail/message.ts";

export interface BodyDigestSource {
  readonly body: Body;
  /** Set when a worker hashed the body while it arrived; rejects when that failed. */
  readonly digests?: Promise<readonly BodyDigest[]> | undefined;
}

export type DigestBody = (body: Body, specs: readonly BodyDigestSpec[]) => Promise<readonly BodyDigest[]>;

/** Up to here a job carries the octets themselves; they lie on shared memory, so nothing is copied. */
const maxInlineBytes = 1024 * 1024;

/** At once for a short body that nobody hashed, as most are. Rejects when the digests are needed and cannot be made. */
export function bodySource(
  source: BodyDigestSource,
  specs: readonly BodyDigestSpec[],
  digestBody: DigestBody,
): BodySource | Promise<BodySource> {
  const { body, digests } = source;
  return digests === undefined && isShort(body) ? { chunks: body.chunks } : digested(source, specs, digestBody);
}

async function digested(
  source: BodyDigestSource,
  specs: readonly BodyDigestSpec[],
  digestBody: DigestBody,
): Promise<BodySource> {
  const { body } = source;
  if (source.digests !== undefined) {
    const made = await source.digests.catch(() => undefined);
    if (made !== undefined && specs.every((spec) => made.some((digest) => isSameSpec(digest, spec))))
      return { digests: made };
  }
  if (isShort(body)) return { chunks: body.chunks };
  return { digests: await digestBody(body, specs) };
}

function isShort(body: Body): body is MemoryBody {
  return body.kind === "memory" && body.sizeBytes <= maxInlineBytes;
}
