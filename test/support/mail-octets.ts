// A mail as the content pool takes it, its body in memory or as if it lay in a spool file.
import type { Body, MessageOctets } from "../../src/mail/message.ts";
import { concatShared, sharedOctets } from "../../src/mail/shared-octets.ts";

export type Where = "memory" | "spool";

export function messageOctetsOf(mail: string | Buffer, where: Where, pieceBytes = 64 * 1024): MessageOctets {
  const octets = typeof mail === "string" ? Buffer.from(mail, "latin1") : mail;
  const end = octets.indexOf("\r\n\r\n");
  const body = octets.subarray(end + 4);
  return {
    header: concatShared([octets.subarray(0, end + 2)]),
    separator: "\r\n",
    body: bodyOf(body, where, pieceBytes),
  };
}

function bodyOf(octets: Buffer, where: Where, pieceBytes: number): Body {
  const sizeBytes = octets.length;
  const pieces = Array.from({ length: Math.ceil(sizeBytes / pieceBytes) }, (_, i) =>
    octets.subarray(i * pieceBytes, (i + 1) * pieceBytes),
  );
  if (where === "memory") return { kind: "memory", sizeBytes, chunks: pieces.map((piece) => concatShared([piece])) };
  return {
    kind: "spool",
    sizeBytes,
    async *read() {
      // One block, filled again for each piece, as the spool does.
      const block = sharedOctets(pieceBytes);
      for (const piece of pieces) {
        piece.copy(block);
        yield block.subarray(0, piece.length);
      }
    },
  };
}
