// What a lint says, and how it finds the place: shared by the files beside this one.
import { type ConfigSource, type Problem, pathText, type SettingPath } from "../source.ts";

export type Say = (severity: Problem["severity"], path: SettingPath, message: string, at?: "value" | "name") => void;

/** Collects what lints say, each with the place of its setting. */
export function collector(source: ConfigSource): { readonly say: Say; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  return {
    problems,
    say(severity, path, message, at = "value") {
      const place = source.locate(path, at);
      const text = path.length === 0 ? message : `${pathText(path)}: ${message}`;
      problems.push({ severity, message: text, path, ...(place !== undefined && { place }) });
    },
  };
}
