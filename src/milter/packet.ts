// Packets of the milter protocol: four octets of length, one of command, data (sendmail's mfdef.h; Postfix speaks the
// same). Cut out of the stream in linear time, however it was split.

export interface Packet {
  /** One ASCII letter. */
  readonly command: string;
  /** Valid until the call that hands it over returns. */
  readonly data: Buffer;
  /** The rest of the data comes with the next call, under the same command. */
  readonly more: boolean;
}

/** Octets of a packet at most: header fields and body chunks stay far below. */
export const maxPacketBytes = 4 * 1024 * 1024;

const lengthBytes = 4;
/** Of a body (SMFIC_BODY) every piece is good for itself: nothing waits for the rest of a packet. */
const inPieces = "B".charCodeAt(0);

export class PacketReader {
  /** The start of a length that has not come whole. */
  readonly #length = Buffer.alloc(lengthBytes);
  #lengthFill = 0;
  /** A packet that came in pieces, as far as it is in. */
  #whole: Buffer | undefined;
  #wholeFill = 0;
  /** Octets of a body's packet that are to come; undefined when none is under way. */
  #bodyLeft: number | undefined;

  /**
   * Takes octets and gives each packet that is complete, of a body's packet whatever has come. Returns false when they are no
   * packets: nothing can be read from this stream any more. `take` says whether to go on; what lies behind the last packet
   * taken is returned to be fed again.
   */
  feed(octets: Buffer, take: (packet: Packet) => boolean): { readonly valid: boolean; readonly rest: number } {
    let at = 0;
    while (at < octets.length) {
      if (this.#bodyLeft !== undefined) {
        const end = Math.min(octets.length, at + this.#bodyLeft);
        const left = this.#bodyLeft - (end - at);
        this.#bodyLeft = left === 0 ? undefined : left;
        const data = octets.subarray(at, end);
        at = end;
        if (!take({ command: "B", data, more: left > 0 })) return { valid: true, rest: at };
        continue;
      }
      if (this.#whole === undefined) {
        const count = octets.length - at;
        if (this.#lengthFill === 0 && count > lengthBytes) {
          const size = octets.readUInt32BE(at);
          if (size < 1 || size > maxPacketBytes) return { valid: false, rest: octets.length };
          if (count - lengthBytes >= size) {
            const start = at + lengthBytes;
            at = start + size;
            if (!take(packetAt(octets, start, at))) return { valid: true, rest: at };
            continue;
          }
        }
        const taken = Math.min(lengthBytes - this.#lengthFill, count);
        octets.copy(this.#length, this.#lengthFill, at, at + taken);
        this.#lengthFill += taken;
        at += taken;
        if (this.#lengthFill < lengthBytes) break;
        const size = this.#length.readUInt32BE(0);
        if (size < 1 || size > maxPacketBytes) return { valid: false, rest: octets.length };
        if (at === octets.length) break;
        if (size > 1 && octets[at] === inPieces) {
          this.#bodyLeft = size - 1;
          this.#lengthFill = 0;
          at += 1;
          continue;
        }
        this.#whole = Buffer.allocUnsafe(size);
        this.#wholeFill = 0;
      }
      const whole = this.#whole;
      const count = Math.min(whole.length - this.#wholeFill, octets.length - at);
      octets.copy(whole, this.#wholeFill, at, at + count);
      this.#wholeFill += count;
      at += count;
      if (this.#wholeFill < whole.length) break;
      this.#whole = undefined;
      this.#lengthFill = 0;
      if (!take(packetAt(whole, 0, whole.length))) return { valid: true, rest: at };
    }
    return { valid: true, rest: octets.length };
  }
}

function packetAt(octets: Buffer, start: number, end: number): Packet {
  return {
    command: String.fromCharCode(octets[start] ?? 0),
    data: octets.subarray(start + 1, end),
    more: false,
  };
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
