// BinHex in text (RFC 1741): readers take the file out, and it is not opened here. Its first line says what it is.
import type { PartSink } from "./part-sink.ts";

const words = "(This file must be converted with BinHex";
const mark = Buffer.from(words);
/** The first of them, and the only such one. */
const OPEN = 40;

/** Tells once, of the first. */
export function createBinHexWatch(onFound: () => void): PartSink {
  let isFound = false;
  /** From the last bracket on, as long as the words may still come. */
  let tail = "";
  return {
    write(octets) {
      if (isFound || octets.length === 0) return;
      const seam = tail === "" ? "" : tail + octets.toString("latin1", 0, words.length);
      isFound = octets.includes(mark) || seam.includes(words);
      if (isFound) onFound();
      const open = octets.lastIndexOf(OPEN);
      if (open >= 0) tail = octets.length - open < words.length ? octets.toString("latin1", open) : "";
      else tail = seam.length < words.length ? seam : "";
    },
    end() {},
  };
}
