// Many rows of text in a few arrays of octets: they pass from one process to another as they are, and what nobody asks
// for makes no objects. A hundred thousand keys and the lines of a table are held so.

/** Plain data: survives a structured clone. `Value` is anything that JSON can say. */
export interface PackedRows<Value> {
  /** Never there: it tells the compiler what the values are. */
  readonly value?: Value;
  /** Name and value of each row, one after the other. */
  readonly octets: Uint8Array;
  /** Where they end: two for each row. */
  readonly ends: Uint32Array;
  /** By hash of a name: the first row that has it, counted from 1; 0 for none. As many as a power of two. */
  readonly slots: Uint32Array;
  /** The next row with a name of the same slot, counted from 1; 0 after the last. */
  readonly nexts: Uint32Array;
}

/** A row before it is packed: a name that it may be found by, and its value. */
export type Row<Value> = readonly [name: string, value: Value];

export interface Rows<Value> {
  readonly length: number;
  /** The rows of this name, in order. */
  find(name: string): readonly number[];
  nameOf(row: number): string;
  /** What was packed, made anew at each call. Throws where there is no such row. */
  valueOf(row: number): Value;
}

export function packRows<Value>(rows: readonly Row<Value>[]): PackedRows<Value> {
  const slots = new Uint32Array(slotsFor(rows.length));
  const lasts = new Uint32Array(slots.length);
  const nexts = new Uint32Array(rows.length);
  const ends = new Uint32Array(2 * rows.length);
  const texts = createTexts();
  for (const [row, [name, value]] of rows.entries()) {
    const slot = hashOf(name) & (slots.length - 1);
    const last = lasts[slot] ?? 0;
    if (last === 0) slots[slot] = row + 1;
    else nexts[last - 1] = row + 1;
    lasts[slot] = row + 1;
    ends[2 * row] = texts.add(name);
    ends[2 * row + 1] = texts.add(JSON.stringify(value));
  }
  return { octets: texts.octets(), ends, slots, nexts };
}

export function openRows<Value>({ octets, ends, slots, nexts }: PackedRows<Value>): Rows<Value> {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  const endOf = (index: number) => (index < 0 ? 0 : (ends[index] ?? 0));
  const nameOf = (row: number) => text.toString("utf8", endOf(2 * row - 1), endOf(2 * row));

  /** Told by the octets, so that others in the same slot cost nothing to pass over. */
  function isNamed(row: number, name: string): boolean {
    const start = endOf(2 * row - 1);
    const length = endOf(2 * row) - start;
    if (length < name.length) return false;
    for (let at = 0; at < name.length; at += 1) {
      const unit = name.charCodeAt(at);
      if (unit >= 0x80) return nameOf(row) === name;
      if (text[start + at] !== unit) return false;
    }
    return length === name.length;
  }

  return {
    length: nexts.length,
    find(name) {
      const found: number[] = [];
      let row = slots[hashOf(name) & (slots.length - 1)] ?? 0;
      for (; row !== 0; row = nexts[row - 1] ?? 0) if (isNamed(row - 1, name)) found.push(row - 1);
      return found;
    },
    nameOf,
    valueOf(row) {
      if (!(row >= 0 && row < nexts.length)) throw new RangeError(`there is no row ${row}`);
      const value: Value = JSON.parse(text.toString("utf8", endOf(2 * row), endOf(2 * row + 1)));
      return value;
    },
  };
}

/** Texts one after the other in one array that grows with them. */
function createTexts() {
  let octets = Buffer.allocUnsafeSlow(4096);
  let end = 0;
  return {
    /** @returns where it ends */
    add(text: string): number {
      // Three octets at most for each UTF-16 unit.
      const most = end + 3 * text.length;
      if (most > octets.length) {
        const larger = Buffer.allocUnsafeSlow(2 * most);
        octets.copy(larger, 0, 0, end);
        octets = larger;
      }
      end += octets.write(text, end, "utf8");
      return end;
    },
    octets: () => new Uint8Array(octets.subarray(0, end)),
  };
}

/** At most half of them are taken, so that few rows share one. */
function slotsFor(rows: number): number {
  let count = 2;
  while (count < 2 * rows) count *= 2;
  return count;
}

/** FNV-1a over the UTF-16 units, its bits mixed once more since the low ones alone choose the slot. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
