// Where a copy goes: a quarantine method and what a *_quarantine_to map says make a folder or a mail address
// (amavis.md 1.9, 1.11).
import { templateProblem } from "./file-name.ts";

export interface FolderPlace {
  readonly kind: "folder";
  /** As the maps name it: "virus-quarantine". */
  readonly deliveredTo: string;
  /** Absolute. */
  readonly folder: string;
  /** "" where the method names none. */
  readonly template: string;
  readonly subFolderLevels: number;
}

export interface MailPlace {
  readonly kind: "mail";
  readonly deliveredTo: string;
  /** smtp: or lmtp:; absent: by notify_method. */
  readonly method?: string;
}

export type CopyPlace = FolderPlace | MailPlace;

export interface PlaceSettings {
  readonly QUARANTINEDIR: string | null;
  readonly quarantine_subdir_levels: number;
  readonly local_delivery_aliases: Readonly<Record<string, unknown>>;
}

/** No place: nothing is kept. A problem is the configuration's; nothing is kept then either, and mail must not pass. */
export type ResolvedPlace = { readonly place: CopyPlace | undefined } | { readonly problem: string };

const nowhere: ResolvedPlace = { place: undefined };

/**
 * @param method a quarantine method; null and "" keep nothing
 * @param to what the map gave: a name, or a mail address with "@"
 */
export function resolvePlace(
  method: string | null | undefined,
  to: string | null | undefined,
  settings: PlaceSettings,
): ResolvedPlace {
  if (method === null || method === undefined || method === "") return nowhere;
  if (to === null || to === undefined || to === "") return nowhere;
  const colon = method.indexOf(":");
  const kind = method.slice(0, colon).toLowerCase();
  // amavisd's tables of SQL: our index lists what lies in files.
  if (kind === "sql") return resolvePlace("local:", to, settings);
  if (kind === "smtp" || kind === "lmtp") return { place: { kind: "mail", deliveredTo: to, method } };
  if (isHoldMethod(method)) return { problem: `${method}: only an MTA that asks as a milter can hold a mail` };
  if (kind !== "local") return { problem: `${method}: copies are kept by local:, smtp: and lmtp: methods` };
  if (to.includes("@")) return { place: { kind: "mail", deliveredTo: to } };
  const alias = aliasOf(to, settings);
  if ("problem" in alias) return alias;
  if (alias.folder === null || alias.folder === "" || alias.folder === "/dev/null") return nowhere;
  if (!alias.folder.startsWith("/")) return { problem: `${alias.folder}: no absolute path of a folder` };
  // The method's own name counts for more than the alias's, as with amavisd.
  const template = method.slice(colon + 1) || alias.template;
  const problem = templateProblem(template);
  if (problem !== undefined) return { problem: `${method}: ${problem}` };
  return {
    place: {
      kind: "folder",
      deliveredTo: to,
      folder: alias.folder,
      template,
      subFolderLevels: settings.quarantine_subdir_levels,
    },
  };
}

/** The method of mail that the MTA in front is to hold (SMFIR_QUARANTINE): there is no copy, and no place of ours. */
export function isHoldMethod(method: string): boolean {
  return method.toLowerCase() === "hold:";
}

type Alias = { readonly folder: string | null; readonly template: string } | { readonly problem: string };

/** Names without an alias of their own are the folder of the quarantine: a copy must not be lost for a name. */
function aliasOf(name: string, { QUARANTINEDIR, local_delivery_aliases: aliases }: PlaceSettings): Alias {
  if (!Object.hasOwn(aliases, name)) return { folder: QUARANTINEDIR, template: "" };
  const alias = aliases[name];
  if (alias === null || alias === undefined) return { folder: null, template: "" };
  if (typeof alias === "string") return { folder: alias, template: "" };
  if (Array.isArray(alias)) {
    const [folder, template]: readonly unknown[] = alias;
    if (typeof folder === "string" && (template === undefined || template === null || typeof template === "string"))
      return { folder, template: template ?? "" };
  }
  return { problem: "expected a folder, or a folder and a file name" };
}

/** "archive": a copy of every mail, whatever is in it. */
export type CopyPurpose = "quarantine" | "archive";

/** One recipient's share of a copy. */
export interface CopyShare {
  readonly purpose: CopyPurpose;
  readonly category: string;
  readonly place: CopyPlace;
  readonly recipient: string;
  /** It does not get the mail. */
  readonly blocked: boolean;
}

/** One copy of a mail at one place, for all its recipients there. */
export interface PlannedCopy {
  readonly purpose: CopyPurpose;
  readonly category: string;
  readonly place: CopyPlace;
  readonly recipients: readonly string[];
  readonly blocked: readonly string[];
}

/**
 * One copy for each purpose and place.
 *
 * @param owed the more important category first: a copy has the first one of its recipients
 */
export function planCopies(owed: readonly CopyShare[]): readonly PlannedCopy[] {
  const copies = new Map<string, PlannedCopy & { readonly recipients: string[]; readonly blocked: string[] }>();
  for (const { purpose, category, place, recipient, blocked } of owed) {
    const key = JSON.stringify([purpose, place]);
    const copy = copies.get(key) ?? { purpose, category, place, recipients: [], blocked: [] };
    copies.set(key, copy);
    copy.recipients.push(recipient);
    if (blocked) copy.blocked.push(recipient);
  }
  return [...copies.values()];
}
