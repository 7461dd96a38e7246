// BinHex in text (RFC 1741): readers take the file out, and it is not opened here. Its first line says what it is.
import type { PartSink } from "./part-sink.ts";

const words = "(This file must be converted with BinHex";

/** Tells once, of the first. */
export function createBinHexWatch(onFound: () => void): PartSink {
  let isFound = false;
  let tail = "";
  return {
    write(octets) {
      if (isFound || octets.length === 0) return;
      const seam = tail + octets.toString("latin1", 0, words.length);
      isFound = seam.includes(words) || octets.includes(words);
      if (isFound) onFound();
      tail = (
        octets.length < words.length
          ? tail + octets.toString("latin1")
          : octets.toString("latin1", octets.length - words.length)
      ).slice(-words.length);
    },
    end() {},
  };
}
