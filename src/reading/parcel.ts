// Data on its way from one process to another: what a structured clone can say, with the large arrays beside it, so that
// they are neither written down nor read, only copied, and a piece at a time.
import { Deserializer, Serializer } from "node:v8";

/** `Value` is what was put in. */
export interface Parcel<Value> {
  /** Never there: it tells the compiler what is in it. */
  readonly value?: Value;
  readonly head: Uint8Array;
  readonly arrays: readonly ArrayBuffer[];
}

/** @param arrays of what is in `value`, those worth it, each on a buffer of its own */
export function pack<Value>(value: Value, arrays: readonly ArrayBufferView<ArrayBuffer>[]): Parcel<Value> {
  const buffers = [...new Set(arrays.map(({ buffer }) => buffer))];
  const serializer = new Serializer();
  for (const [id, buffer] of buffers.entries()) serializer.transferArrayBuffer(id, buffer);
  serializer.writeHeader();
  serializer.writeValue(value);
  return { head: serializer.releaseBuffer(), arrays: buffers };
}

/** What was put in; its large arrays are those of the parcel, not copies. */
export function unpack<Value>({ head, arrays }: Parcel<Value>): Value {
  const deserializer = new Deserializer(head);
  for (const [id, buffer] of arrays.entries()) deserializer.transferArrayBuffer(id, buffer);
  deserializer.readHeader();
  const value: Value = deserializer.readValue();
  return value;
}

const lengthBytes = 8;

/** A parcel as octets, in pieces of at most so many; they are views and no copies. */
export function* piecesOf<Value>({ head, arrays }: Parcel<Value>, mostBytes: number): Generator<Uint8Array> {
  const sections = [head, ...arrays.map((buffer) => new Uint8Array(buffer))];
  const lengths = Float64Array.from([sections.length, ...sections.map(({ length }) => length)]);
  for (const section of [new Uint8Array(lengths.buffer), ...sections]) {
    for (let at = 0; at < section.length; at += mostBytes) yield section.subarray(at, at + mostBytes);
  }
}

export interface Receiver<Value> {
  /** Takes what comes next, in pieces of any size. Throws when it is more than was announced. */
  take(piece: Uint8Array): void;
  /** Once all of it is there. */
  parcel(): Parcel<Value> | undefined;
}

/** Puts the octets of a parcel together again. */
export function createReceiver<Value>(): Receiver<Value> {
  const whole: Uint8Array<ArrayBuffer>[] = [];
  const toCome: number[] = [];
  const count = new Uint8Array(lengthBytes);
  let lengths: Uint8Array<ArrayBuffer> | undefined;
  let open: Uint8Array<ArrayBuffer> | undefined = count;
  let filled = 0;

  /** What is to be filled after `open`, which is full. */
  function next(): Uint8Array<ArrayBuffer> | undefined {
    if (open === count) {
      lengths = new Uint8Array(lengthBytes * (numbersOf(count)[0] ?? 0));
      return lengths;
    }
    if (open === lengths && lengths !== undefined) toCome.push(...numbersOf(lengths));
    else if (open !== undefined) whole.push(open);
    const length = toCome.shift();
    return length === undefined ? undefined : new Uint8Array(length);
  }

  return {
    take(piece) {
      let rest = piece;
      while (rest.length > 0) {
        if (open === undefined) throw new Error("more came than was announced");
        const fits = rest.subarray(0, open.length - filled);
        open.set(fits, filled);
        filled += fits.length;
        rest = rest.subarray(fits.length);
        while (open !== undefined && filled === open.length) {
          open = next();
          filled = 0;
        }
      }
    },
    parcel() {
      const [head, ...arrays] = whole;
      if (open !== undefined || head === undefined) return undefined;
      return { head, arrays: arrays.map(({ buffer }) => buffer) };
    },
  };
}

function numbersOf({ buffer }: Uint8Array<ArrayBuffer>): Float64Array {
  return new Float64Array(buffer);
}
