// winmail.dat made in tests (MS-OXTNEF).

export interface TnefAttachment {
  readonly title?: string;
  /** In the properties, as UTF-16. */
  readonly longName?: string;
  readonly content?: string;
  /** A mail within, as a property. */
  readonly embedded?: Buffer;
}

function attribute(id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head[0] = 2;
  head.writeUInt32LE(id, 1);
  head.writeUInt32LE(data.length, 5);
  return Buffer.concat([head, data, Buffer.alloc(2)]);
}

function property(type: number, id: number, value: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(type, 0);
  head.writeUInt16LE(id, 2);
  head.writeUInt32LE(1, 4);
  head.writeUInt32LE(value.length, 8);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

export function attachmentOf({ title, longName, content, embedded }: TnefAttachment): Buffer {
  const properties = [
    // A number, and a property that is named.
    Buffer.from([3, 0, 5, 0x37, 1, 0, 0, 0]),
    Buffer.concat([Buffer.from([3, 0, 1, 0x80]), Buffer.alloc(16), Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(4)]),
    ...(longName === undefined ? [] : [property(0x1f, 0x3707, Buffer.from(`${longName}\0`, "utf16le"))]),
    ...(embedded === undefined ? [] : [property(0x0d, 0x3701, Buffer.concat([Buffer.alloc(16), embedded]))]),
  ];
  const count = Buffer.alloc(4);
  count.writeUInt32LE(properties.length);
  return Buffer.concat([
    attribute(0x00069002, Buffer.alloc(14)),
    ...(title === undefined ? [] : [attribute(0x00018010, Buffer.from(`${title}\0`, "latin1"))]),
    attribute(0x00069005, Buffer.concat([count, ...properties])),
    ...(content === undefined ? [] : [attribute(0x0006800f, Buffer.from(content, "latin1"))]),
  ]);
}

export function tnefOf(attachments: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from("\x78\x9f\x3e\x22\x01\0", "latin1"), ...attachments]);
}
