// Whether the WebAssembly in a source file is what the text beside it assembles to.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingProgram, skipWithout } from "./peers.ts";

/** Why it cannot be looked at here; false where it can. */
export function noAssembler(): string | false {
  return skipWithout(missingProgram("wat2wasm", "wabt"));
}

/** `path`: of both files under src, without the ending. */
export function assertAssembled(path: string): void {
  const source = join(import.meta.dirname, "../../src", path);
  const folder = mkdtempSync(join(tmpdir(), "wat-"));
  try {
    const output = join(folder, "code.wasm");
    execFileSync("wat2wasm", [`${source}.wat`, "-o", output]);
    const literals = readFileSync(`${source}.ts`, "utf8").matchAll(/"([A-Za-z0-9+/=]{20,})"/g);
    assert.equal([...literals].map((match) => match[1]).join(""), readFileSync(output).toString("base64"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
