// Archives made in tests: members stored or deflated, in as few octets as the formats allow.
import { crc32, deflateRawSync } from "node:zlib";

export interface ZipEntry {
  readonly name: string;
  readonly content?: Buffer | string;
  /** In the local header, where it differs from the directory. */
  readonly localName?: string;
  readonly flags?: number;
  readonly method?: 0 | 8 | number;
  /** Instead of packed content. */
  readonly packed?: Buffer;
  readonly crc?: number;
  readonly sizeBytes?: number;
  /** Left out of the directory. */
  readonly hidden?: boolean;
}

/** Text has one octet per character. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content = "", localName = name, flags = 0, method = 0, hidden = false, ...more } of entries) {
    const plain = typeof content === "string" ? Buffer.from(content, "latin1") : content;
    const packed = more.packed ?? (method === 8 ? deflateRawSync(plain) : plain);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(more.crc ?? crc32(plain), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(more.sizeBytes ?? plain.length, 18);
    fields.writeUInt16LE(localName.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), fields, Buffer.from(localName, "latin1"), packed]);
    locals.push(local);
    if (!hidden) {
      fields.writeUInt16LE(name.length, 22);
      const rest = Buffer.alloc(14);
      rest.writeUInt32LE(at, 10);
      directory.push(Buffer.from("PK\x01\x02\x14\0", "latin1"), fields, rest, Buffer.from(name, "latin1"));
    }
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  const count = Math.min(0xffff, entries.filter(({ hidden }) => hidden !== true).length);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, listed, end]);
}

export function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const head = Buffer.alloc(512);
    head.write(name, 0, "latin1");
    head.write("0000644\x000000000\x000000000\0", 100, "latin1");
    head.write(`${content.length.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0`, 124, "latin1");
    head.fill(" ", 148, 156);
    head.write("0", 156);
    head.write("ustar\x0000", 257, "latin1");
    let sum = 0;
    for (const octet of head) sum += octet;
    head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return [head, Buffer.from(content, "latin1"), Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** RAR 5, members stored. */
export function rarOf(files: Readonly<Record<string, string>>): Buffer {
  const block = (fields: readonly number[], name = "", data = Buffer.alloc(0)): Buffer => {
    const body = Buffer.concat([Buffer.from(fields), Buffer.from(name, "latin1")]);
    const sized = Buffer.concat([Buffer.from([body.length]), body]);
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32(sized));
    return Buffer.concat([sum, sized, data]);
  };
  const members = Object.entries(files).map(([name, content]) => {
    if (content.length > 127) throw new Error("a size of one octet is all that is needed");
    const data = Buffer.from(content, "latin1");
    // File header with a data area; file with a sum; size, attributes, sum, stored, made on Unix.
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32(data));
    return block([2, 2, data.length, 4, data.length, 0x20, ...sum, 0, 1, name.length], name, data);
  });
  return Buffer.concat([Buffer.from("Rar!\x1a\x07\x01\0", "latin1"), block([1, 0, 0]), ...members, block([5, 0, 0])]);
}

/** A cabinet of one folder, not packed. */
export function cabOf(name: string, content: string): Buffer {
  const data = Buffer.from(content, "latin1");
  const file = Buffer.alloc(16);
  file.writeUInt32LE(data.length, 0);
  file.writeUInt16LE(0x20, 14);
  const files = Buffer.concat([file, Buffer.from(`${name}\0`, "latin1")]);
  const head = Buffer.alloc(44);
  head.write("MSCF", 0);
  head.writeUInt32LE(44, 16);
  head.writeUInt16LE(0x0103, 24);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(1, 28);
  head.writeUInt32LE(44 + files.length, 36);
  head.writeUInt16LE(1, 40);
  const block = Buffer.alloc(8);
  block.writeUInt16LE(data.length, 4);
  block.writeUInt16LE(data.length, 6);
  head.writeUInt32LE(44 + files.length + 8 + data.length, 8);
  return Buffer.concat([head, files, block, data]);
}

/** ISO 9660 with one file in its root. */
export function isoOf(name: string, content: string): Buffer {
  const image = Buffer.alloc(24 * 2048);
  const both32 = (value: number) => {
    const octets = Buffer.alloc(8);
    octets.writeUInt32LE(value, 0);
    octets.writeUInt32BE(value, 4);
    return octets;
  };
  const record = (id: string, sector: number, size: number, flags: number): Buffer => {
    const octets = Buffer.alloc(33 + id.length + ((id.length + 1) % 2));
    octets[0] = octets.length;
    both32(sector).copy(octets, 2);
    both32(size).copy(octets, 10);
    octets.set([126, 1, 1, 0, 0, 0, 0, flags], 18);
    octets.set([1, 0, 0, 1], 28);
    octets[32] = id.length;
    octets.write(id, 33, "latin1");
    return octets;
  };
  const volume = 16 * 2048;
  image.write("\x01CD001\x01", volume, "latin1");
  both32(24).copy(image, volume + 80);
  image.set([1, 0, 0, 1, 1, 0, 0, 1, 0, 8, 8, 0], volume + 120);
  both32(10).copy(image, volume + 132);
  image.writeUInt32LE(18, volume + 140);
  image.writeUInt32BE(19, volume + 148);
  record("\0", 20, 2048, 2).copy(image, volume + 156);
  image[volume + 881] = 1;
  image.write("\xffCD001\x01", 17 * 2048, "latin1");
  image.set([1, 0, 20, 0, 0, 0, 1, 0, 0, 0], 18 * 2048);
  image.set([1, 0, 0, 0, 0, 20, 0, 1, 0, 0], 19 * 2048);
  let at = 20 * 2048;
  for (const each of [
    record("\0", 20, 2048, 2),
    record("\x01", 20, 2048, 2),
    record(`${name};1`, 21, content.length, 0),
  ]) {
    each.copy(image, at);
    at += each.length;
  }
  image.write(content, 21 * 2048, "latin1");
  return image;
}
