// Makes the file names among the settings absolute: each starts at the folder of the file that names it.
import { isAbsolute, join } from "node:path";
import { isFileTable } from "../lookup/map.ts";
import type { Shape } from "../settings/shape.ts";
import { withTexts } from "../settings/texts.ts";
import type { SettingPath } from "./source.ts";

/** A record like `settings` in which every file name is absolute. `folderOf` says where a setting's names start. */
export function absoluteFiles<T extends object>(settings: T, folderOf: (path: SettingPath) => string): T {
  return withTexts(
    settings,
    (text, { kind }, path) => absolute(text, kind, (file) => fromFolder(file, path)),
    (mapping, path) => (isFileTable(mapping) ? { file: fromFolder(mapping.file, path) } : undefined),
  );

  function fromFolder(file: string, path: SettingPath): string {
    return isAbsolute(file) ? file : join(folderOf(path), file);
  }
}

function absolute(text: string, kind: Shape<unknown>["kind"], whole: (file: string) => string): string {
  switch (kind) {
    case "file":
      return whole(text);
    case "file-of-kind": {
      const [, prefix = "", file = ""] = /^((?:re)?file:)?(.*)$/s.exec(text) ?? [];
      return `${prefix}${whole(file)}`;
    }
    case "log-target":
      return text.includes("/") && !text.startsWith("syslog:") ? whole(text) : text;
    default:
      return text;
  }
}
