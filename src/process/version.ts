// The version, and where the program's files are: by package.json, two folders up from the source, three from the compiled file.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

function readPackage(): { readonly version: string; readonly folder: string | undefined } {
  for (const up of ["../../", "../../../"]) {
    try {
      const folder = new URL(up, import.meta.url);
      const found: unknown = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
      if (typeof found === "object" && found !== null && "version" in found)
        return { version: String(found.version), folder: fileURLToPath(folder) };
    } catch {
      // The other one then.
    }
  }
  return { version: "unknown", folder: undefined };
}

const program = readPackage();

export const version = program.version;

/** A page ("docs/dkim.md#reasons") as it is installed with this program; as it was given where it is not there. */
export function installedPage(page: string): string {
  const [file = ""] = page.split("#");
  // The packages have their pages in share/doc, beside lib.
  for (const place of ["", "../../share/doc/signpost/"]) {
    const path = program.folder === undefined ? undefined : join(program.folder, place, file);
    if (path !== undefined && existsSync(path)) return path + page.slice(file.length);
  }
  return page;
}
