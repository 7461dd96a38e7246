// A configuration text with its name, and the way from an offset in it to line and column.
import type { Place } from "../config/source.ts";

export interface SourceText {
  readonly file: string;
  /** Which of the files read this is, for an order across files. */
  readonly order: number;
  readonly text: string;
  /** Line and column (both from 1, columns in UTF-16 units) of an offset into `text`. */
  place(offset: number): Place;
}

/** Where a value was written; turned into a `Place` only when somebody asks. */
export interface SourceOrigin {
  readonly source: SourceText;
  readonly offset: number;
}

export function createSourceText(file: string, text: string, order = 0): SourceText {
  let lineStarts: number[] | undefined;
  return {
    file,
    order,
    text,
    place(offset) {
      lineStarts ??= findLineStarts(text);
      let low = 0;
      let high = lineStarts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((lineStarts[middle] ?? 0) <= offset) low = middle;
        else high = middle - 1;
      }
      return { file, line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
    },
  };
}

export function placeOf(origin: SourceOrigin): Place {
  return origin.source.place(origin.offset);
}

function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
