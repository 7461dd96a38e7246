// The version, from package.json: two folders up from the source, three from the compiled file.
import { readFileSync } from "node:fs";

function readVersion(): string {
  for (const up of ["../../package.json", "../../../package.json"]) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"));
      if (typeof found === "object" && found !== null && "version" in found) return String(found.version);
    } catch {
      // The other one then.
    }
  }
  return "unknown";
}

export const version = readVersion();
