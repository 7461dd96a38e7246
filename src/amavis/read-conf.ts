// The amavisd.conf front: a file (or a conf.d folder) and what it includes, as settings with places, in the shape that
// signpost.yaml gives them.
import type { ConfigSource, Place, SettingPath } from "../config/source.ts";
import type { Files } from "../config/yaml-source.ts";
import { createSink, type Located } from "./convert.ts";
import { ConfReading, type ConfReadOptions } from "./reading.ts";
import { collectSettings } from "./settings.ts";
import { placeOf, type SourceOrigin } from "./source-text.ts";

/**
 * Reads an amavisd.conf. What cannot be taken is a problem with its line, never silence.
 * @param path a file, or a folder whose files are read in order of their names (Debian's conf.d); several are read into one
 */
export function readAmavisdConf(
  path: string | readonly string[],
  files: Files,
  options: ConfReadOptions = {},
): ConfigSource {
  const reading = new ConfReading(files, options);
  for (const one of typeof path === "string" ? [path] : path) reading.readTop(one);
  const located = collectSettings(
    reading.variables,
    reading.keys,
    createSink((severity, origin, message) => reading.report(severity, origin, message)),
  );
  const settings: Record<string, unknown> = {};
  for (const [name, { value }] of located) settings[name] = value;
  const root: Located = { value: settings, origin: undefined, members: located };
  return {
    settings,
    locate: (path) => locate(root, path),
    problems: reading.problems,
    folder: reading.folder,
    isAmavisd: true,
  };
}

function locate(root: Located, path: SettingPath): Place | undefined {
  let node: Located = root;
  let origin: SourceOrigin | undefined;
  for (const step of path) {
    const next = node.members?.get(step) ?? node.members?.get(String(step));
    if (next === undefined) break;
    node = next;
    origin = next.origin ?? origin;
  }
  return origin === undefined ? undefined : placeOf(origin);
}
