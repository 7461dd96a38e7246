// Names of files in quarantine, by the templates of amavisd's local: methods (amavis.md 1.11). What is filled in is ours:
// nothing that a mail says is ever part of a name (T50).

/** What the letters of a template stand for. */
export interface NameValues {
  /** %m */
  readonly mailId: string;
  /** %n */
  readonly logId: string;
  /** %b: SHA-256 of the body, in hex. */
  readonly bodyDigest: string;
  /** %i: epoch, milliseconds; written as local time. */
  readonly receivedAtMs: number;
  /** %P */
  readonly partitionTag: string;
}

/** The template of a method that names none. */
const defaultTemplate = "%m";

/** Characters of a template. */
const maxTemplate = 100;
/** Octets of one step with all that is filled in: a mark's or another name's ending still fits into the 255 of a file system. */
const maxStep = 220;
/** As long as what is filled in gets. */
const longest: NameValues = {
  mailId: "m".repeat(12),
  logId: "n".repeat(30),
  bodyDigest: "b".repeat(64),
  receivedAtMs: 0,
  partitionTag: "P".repeat(30),
};

/** Why files cannot be named by a template; undefined where they can. */
export function templateProblem(template: string): string | undefined {
  if (template === "") return undefined;
  if (template.length > maxTemplate) return `more than ${maxTemplate} characters`;
  if (/[\0-\x1f\x7f]/.test(template)) return "control characters in a file name";
  if (template.startsWith("/")) return "an absolute name: files are kept below the folder of their place";
  const steps = template.split("/");
  if (steps.some((step) => step === "" || step.startsWith("."))) return "an empty step or one that begins with a dot";
  const letter = /%([^mbniP]|$)/.exec(template.replaceAll("%%", ""));
  if (letter !== null) return `${letter[0]} stands for nothing here: %m, %b, %n, %i, %P and %% do`;
  if (!/%[mbni]/.test(template.replaceAll("%%", ""))) return "all files would have one name: %m is missing";
  const filled = expandTemplate(template, longest).split("/");
  return filled.some((step) => Buffer.byteLength(step) > maxStep) ? "names longer than a file system takes" : undefined;
}

/** The name of a file. `template` has no problem. */
export function expandTemplate(template: string, values: NameValues): string {
  return (template === "" ? defaultTemplate : template).replace(/%(.)/g, (_, letter: string) =>
    letter === "%" ? "%" : plain(valueFor(letter, values)),
  );
}

function valueFor(letter: string, { mailId, logId, bodyDigest, receivedAtMs, partitionTag }: NameValues): string {
  switch (letter) {
    case "m":
      return mailId;
    case "n":
      return logId;
    case "b":
      return bodyDigest;
    case "i":
      return localTime(receivedAtMs);
    default:
      return partitionTag;
  }
}

function plain(value: string): string {
  return value.replace(/[^A-Za-z0-9_-]/g, "_");
}

/** amavisd's form: "20260705T091500". */
function localTime(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number) => String(value).padStart(2, "0");
  return (
    `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}T` +
    `${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`
  );
}

/** The sub-folders by the first characters of mail_id, each with "/" behind it: "" or "t/" or "t/5/". */
export function subFolder(mailId: string, levels: number): string {
  let folder = "";
  for (const character of mailId.slice(0, levels)) folder += `${plain(character)}/`;
  return folder;
}

/** Another name for the same copy, where a file of that name is there already and must not be written over. */
export function otherName(name: string, mailId: string): string {
  const ending = name.endsWith(".gz") ? ".gz" : "";
  return `${name.slice(0, name.length - ending.length)}-${plain(mailId)}${ending}`;
}
