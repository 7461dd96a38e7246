// Names of files in the folders of the quarantine that are no copies. They begin with a dot, as no copy's does.

const unfinished = ".new-";

/** What a copy is called while it is written, in the folder where it will lie. */
export function unfinishedName(mailId: string, sequence: number): string {
  return `${unfinished}${mailId}-${sequence}`;
}

/** @param name without its folder */
export function isUnfinished(name: string): boolean {
  return name.startsWith(unfinished);
}

/** The mark beside a copy that was released: "t/virus-x" has "t/.virus-x.released". */
export function releaseMarkOf(name: string): string {
  const at = name.lastIndexOf("/") + 1;
  return `${name.slice(0, at)}.${name.slice(at)}.released`;
}
