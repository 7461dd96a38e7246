// A transcript: files, command lines, and what each says on standard output, on standard error and by its exit code.
// Its form is told in test/corpora/cli/README.

export interface Transcript {
  readonly files: readonly TranscriptFile[];
  readonly exchanges: readonly Exchange[];
}

export interface TranscriptFile {
  readonly name: string;
  readonly mode: number;
  readonly text: string;
}

export interface Exchange {
  readonly command: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly code: number;
  /** Lines of the transcript above this command: files and remarks. */
  readonly before: readonly string[];
}

export function readTranscript(text: string): Transcript {
  const files: { name: string; mode: number; text: string }[] = [];
  const exchanges: { command: string; stdout: string[]; stderr: string[]; code: number; before: string[] }[] = [];
  let before: string[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const [sign = "", rest = ""] = [line.slice(0, 2), line.slice(2)];
    const exchange = exchanges.at(-1);
    if (sign === "$ ") {
      exchanges.push({ command: rest, stdout: [], stderr: [], code: 0, before });
      before = [];
    } else if (sign === "  ") exchange?.stdout.push(rest);
    else if (sign === "! ") exchange?.stderr.push(rest);
    else if (sign === "= " && exchange !== undefined) exchange.code = Number(rest);
    else {
      before.push(line);
      const [, mode = "644", name = ""] = /^@ (?:0(\d{3}) )?(.*)/.exec(line) ?? [];
      if (sign === "@ ") files.push({ name, mode: Number.parseInt(mode, 8), text: "" });
      else if (line === "|" || sign === "| ") {
        const file = files.at(-1);
        if (file !== undefined) file.text += `${rest}\n`;
      }
    }
  }
  return { files, exchanges };
}

export function writeTranscript(exchanges: readonly Exchange[]): string {
  const lines = exchanges.flatMap(({ command, stdout, stderr, code, before }) => [
    ...before,
    `$ ${command}`,
    ...stdout.map((line) => `  ${line}`),
    ...stderr.map((line) => `! ${line}`),
    `= ${code}`,
  ]);
  return `${lines.join("\n")}\n`;
}

/** "…" in a line stands for any text, alone on a line for any lines. */
export function matches(wanted: readonly string[], got: readonly string[]): boolean {
  const pattern = wanted.map((line) => {
    if (line === "…") return "(?:.*\n)*";
    return `${line
      .split("…")
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
      .join(".*")}\n`;
  });
  return new RegExp(`^${pattern.join("")}$`).test(got.map((line) => `${line}\n`).join(""));
}
