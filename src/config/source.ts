// What a front (YAML, amavisd.conf) hands to the compiler: plain settings by amavisd's names, and where each stands.

/** One step into the settings: a key of a mapping or an index of a list. */
export type SettingPath = readonly (string | number)[];

/** A path as messages show it: `policy_bank.A.spam_lovers_maps[0][".example.com"]`. */
export function pathText(path: SettingPath): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (index === 0) return step;
      return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
    })
    .join("");
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  /** An error keeps the configuration from being used; a warning or a note does not. */
  readonly severity: "error" | "warning" | "note";
  readonly place?: Place;
  readonly path?: SettingPath;
  readonly message: string;
}

export interface ConfigSource {
  /** By name without sigil, in the shape that signpost.yaml gives them (JSON values only). */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The place of a setting's value (or of its name), or of the nearest thing around it. */
  locate(path: SettingPath, at?: "value" | "name"): Place | undefined;
  readonly problems: readonly Problem[];
  /** Where relative names of files start, wherever they stand; absent: the folder of the file that names them. */
  readonly folder?: string;
  /** True for a file of amavisd's: nothing in it was written by --print, which prints defaults as well. */
  readonly isAmavisd?: true;
}
