// One header field of ours from pieces, folded between them (RFC 5322 section 2.2.3). Whatever the pieces hold, it stays one
// field of printable ASCII.

/** RFC 5322 section 2.1.1. */
const foldColumn = 78;
/** Characters of one piece, and of all: with its folds a field stays far below every reader's limit. */
const maxPieceChars = 500;
const maxFieldChars = 8000;

/**
 * The field with its CRLF. A fold may be put before each piece, and before each word of one; a piece that shall stand apart
 * brings its own blank.
 */
export function foldedField(name: string, pieces: readonly string[]): string {
  let text = `${name}: `;
  let column = text.length;
  let isFirst = true;
  for (const piece of pieces.flatMap(words)) {
    if (text.length > maxFieldChars) break;
    if (!isFirst && column + piece.length > foldColumn) {
      const rest = piece.replace(/^ +/, "");
      if (rest === "") continue;
      text += `\r\n ${rest}`;
      column = 1 + rest.length;
    } else {
      text += isFirst ? piece.replace(/^ +/, "") : piece;
      column += piece.length;
    }
    isFirst = false;
  }
  return `${text}\r\n`;
}

/** Each with the blanks before it. */
function words(piece: string): readonly string[] {
  // Most pieces are one word.
  if (/^ ?[\x21-\x7e]{1,499}$/.test(piece)) return [piece];
  return printable(piece).match(/ *[^ ]+/g) ?? [];
}

/** Controls become blanks, what is not ASCII "?". */
function printable(text: string): string {
  const cut = text.length > maxPieceChars ? `${text.slice(0, maxPieceChars)}...` : text;
  return cut.replace(/[\x00-\x1f\x7f]/g, " ").replace(/[^\x20-\x7e]/g, "?");
}
