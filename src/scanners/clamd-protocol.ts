// clamd's session protocol (clamd(8)): commands and replies that end with NUL, mails as chunks behind their length.

/** clamd reads a chunk into memory as a whole; amavisd sends as much. */
export const maxChunkOctets = 32_764;

/** Opens the session; the replies in it carry the number of their command. */
export const openSession = Buffer.from("zIDSESSION\0");
export const closeSession = Buffer.from("zEND\0");
export const announceStream = Buffer.from("zINSTREAM\0");
/** The chunk of no length that ends a stream. */
export const endOfStream = Buffer.alloc(4);
/** Outside a session, on a connection of its own. */
export const ping = Buffer.from("zPING\0");
export const pong = "PONG";

/** Puts lengths between the views: chunks of at most `maxChunkOctets`, nothing copied. */
export function frameChunks(views: readonly Uint8Array[]): Uint8Array[] {
  const framed: Uint8Array[] = [];
  let chunk: Uint8Array[] = [];
  let bytes = 0;
  const close = (): void => {
    if (bytes === 0) return;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes);
    framed.push(length, ...chunk);
    chunk = [];
    bytes = 0;
  };
  for (const view of views) {
    for (let at = 0; at < view.length; ) {
      const piece = view.subarray(at, at + maxChunkOctets - bytes);
      chunk.push(piece);
      bytes += piece.length;
      at += piece.length;
      if (bytes === maxChunkOctets) close();
    }
  }
  close();
  return framed;
}

export type ClamdReply =
  | { readonly result: "clean" }
  | { readonly result: "infected"; readonly names: readonly string[] }
  | { readonly result: "failed"; readonly trouble: "garbage" | "refused" | "too-large"; readonly detail: string };

/** Longer names do not stand in any database; what is beyond is cut. */
const maxNameLength = 200;

/**
 * Reads the reply to command `number` of a session: "1: stream: OK", "1: stream: Name FOUND", "1: … ERROR". Anything
 * else, the reply to another command too, is garbage: nothing but OK is clean.
 */
export function parseClamdReply(reply: string, number: number): ClamdReply {
  const prefix = `${number}: `;
  if (!reply.startsWith(prefix)) return garbage(reply);
  const text = reply.slice(prefix.length);
  if (text === "stream: OK") return { result: "clean" };
  const [, found] = /^stream: (\S[^\0\r\n]*) FOUND$/.exec(text) ?? [];
  if (found !== undefined) return foundIn(found);
  if (/^[^\0\r\n]* ERROR$/.test(text)) return refusal(text.replace(/^stream: /, "").replace(/ ERROR$/, ""));
  return garbage(reply);
}

/** Of "Eicar-Test-Signature(44d88612fea8a8f36de82e1278abb02f:68)" the name (ExtendedDetectionInfo). */
function foundIn(found: string): ClamdReply {
  const name = shown(found.replace(/\([0-9a-f]{32,64}:\d+\)$/, ""));
  // AlertExceedsMax: it did not look at all of the mail, and found nothing in what it saw.
  if (name.startsWith("Heuristics.Limits.Exceeded")) return { result: "failed", trouble: "too-large", detail: name };
  return { result: "infected", names: [name] };
}

function refusal(text: string): ClamdReply {
  const trouble = /size limit exceeded/i.test(text) ? "too-large" : "refused";
  return { result: "failed", trouble, detail: shown(text) };
}

function garbage(reply: string): ClamdReply {
  return { result: "failed", trouble: "garbage", detail: `not an answer of clamd: ${JSON.stringify(shown(reply))}` };
}

/** What goes to log and header fields: printable ASCII, of bounded length. */
function shown(text: string): string {
  return text.slice(0, maxNameLength).replace(/[^\x20-\x7e]/g, "?");
}
