// A message as octets: header section, the empty line, body. Nothing here is ever parsed and printed again.
import type { HeaderCut, HeaderField } from "./header.ts";

/** What src/mail/body-digest.ts keeps with a body, which does not change: a table beside it costs more with every mail. */
export interface KnownDigest {
  digest?: Uint8Array | Promise<Uint8Array>;
  /** A digest that somebody has made, as far as it is of the octets themselves. */
  offeredDigest?: () => Uint8Array | undefined;
}

/** A body held in memory: views in order. They lie on SharedArrayBuffers, so that a worker reads them in place. */
export interface MemoryBody extends KnownDigest {
  readonly kind: "memory";
  readonly sizeBytes: number;
  readonly chunks: readonly Uint8Array[];
}

/**
 * A body in a spool file. May be read several times; every read starts at the first octet. A chunk lies on shared
 * memory that is filled again once the next chunk is asked for: by then its octets are sent, hashed or copied.
 */
export interface SpooledBody extends KnownDigest {
  readonly kind: "spool";
  readonly sizeBytes: number;
  read(): AsyncIterable<Uint8Array>;
}

export type Body = MemoryBody | SpooledBody;

/** What goes over the wire. */
export interface MessageOctets {
  /** The header section up to and with the last field's CRLF. */
  readonly header: Uint8Array;
  /** The empty line between header and body; "" when the message ended within its header. */
  readonly separator: "\r\n" | "";
  readonly body: Body;
}

export interface Message extends MessageOctets {
  /** `header` cut into fields, as far as the limits allow. */
  readonly fields: readonly HeaderField[];
  /** Set when not all of the header may be judged: no signature is made or judged then. */
  readonly cut?: HeaderCut;
}

/** What is known of a message once its header section is in. */
export interface MessageHead extends Pick<Message, "header" | "fields" | "cut"> {
  /** What src/verdicts/verdict-key.ts keeps with it: a digest of these fields, as far as they count, and of that body. */
  verdictDigest?: { readonly of: readonly HeaderField[]; readonly bodyDigest: Uint8Array; readonly digest: string };
}

/** Octets of the whole message as it would be sent, before dot-stuffing. */
export function messageSizeBytes(message: MessageOctets): number {
  return message.header.length + message.separator.length + message.body.sizeBytes;
}
