// Packets of the milter protocol: four octets of length, one of command, data (sendmail's mfdef.h; Postfix speaks the
// same). Cut out of the stream in linear time, however it was split.

export interface Packet {
  /** One ASCII letter. */
  readonly command: string;
  /** Valid until the call that hands it over returns. */
  readonly data: Buffer;
}

/** Octets of a packet at most: header fields and body chunks stay far below. */
export const maxPacketBytes = 4 * 1024 * 1024;

const lengthBytes = 4;

export class PacketReader {
  /** The start of a length that has not come whole. */
  readonly #length = Buffer.alloc(lengthBytes);
  #lengthFill = 0;
  /** A packet that came in pieces, as far as it is in. */
  #body: Buffer | undefined;
  #bodyFill = 0;

  /**
   * Takes octets and gives each packet that is complete. Returns false when they are no packets: nothing can be read from
   * this stream any more. `take` says whether to go on; what lies behind the last packet taken is returned to be fed again.
   */
  feed(octets: Buffer, take: (packet: Packet) => boolean): { readonly valid: boolean; readonly rest: number } {
    let at = 0;
    while (at < octets.length) {
      if (this.#body === undefined) {
        const whole = octets.length - at;
        if (this.#lengthFill === 0 && whole > lengthBytes) {
          const size = octets.readUInt32BE(at);
          if (size < 1 || size > maxPacketBytes) return { valid: false, rest: octets.length };
          if (whole - lengthBytes >= size) {
            const start = at + lengthBytes;
            at = start + size;
            if (!take(packetAt(octets, start, at))) return { valid: true, rest: at };
            continue;
          }
        }
        const count = Math.min(lengthBytes - this.#lengthFill, whole);
        octets.copy(this.#length, this.#lengthFill, at, at + count);
        this.#lengthFill += count;
        at += count;
        if (this.#lengthFill < lengthBytes) break;
        const size = this.#length.readUInt32BE(0);
        if (size < 1 || size > maxPacketBytes) return { valid: false, rest: octets.length };
        this.#body = Buffer.allocUnsafe(size);
        this.#bodyFill = 0;
      }
      const body = this.#body;
      const count = Math.min(body.length - this.#bodyFill, octets.length - at);
      octets.copy(body, this.#bodyFill, at, at + count);
      this.#bodyFill += count;
      at += count;
      if (this.#bodyFill < body.length) break;
      this.#body = undefined;
      this.#lengthFill = 0;
      if (!take(packetAt(body, 0, body.length))) return { valid: true, rest: at };
    }
    return { valid: true, rest: octets.length };
  }
}

function packetAt(octets: Buffer, start: number, end: number): Packet {
  return { command: String.fromCharCode(octets[start] ?? 0), data: octets.subarray(start + 1, end) };
}

/** A packet as it goes over the wire; text is one character per octet. */
export function packet(command: string, data: Buffer | string = ""): Buffer {
  const size = data.length + 1;
  const octets = Buffer.allocUnsafe(lengthBytes + size);
  octets.writeUInt32BE(size, 0);
  octets.write(command, lengthBytes, "latin1");
  if (typeof data === "string") octets.write(data, lengthBytes + 1, "latin1");
  else data.copy(octets, lengthBytes + 1);
  return octets;
}

/** The strings of a packet, each ended by NUL; one character per octet. What follows the last NUL is one more. */
export function strings(data: Buffer): readonly string[] {
  const text = data.toString("latin1");
  const parts = text.split("\0");
  if (parts.at(-1) === "") parts.pop();
  return parts;
}
