// Takes copies out of the quarantine: the file, and the mark of its release beside it.
import { errorCode, errorText } from "../mail/error-text.ts";
import { releaseMarkOf } from "../mail/quarantine-names.ts";
import type { CopyName } from "../mail/quarantine-question.ts";
import type { QuarantineFiles } from "./files.ts";

export interface Removal {
  /** Their files are gone, or were so before. */
  readonly removed: readonly CopyName[];
  readonly failed: readonly { readonly copy: CopyName; readonly detail: string }[];
}

/** Never rejects. */
export async function removeCopies(
  files: Pick<QuarantineFiles, "unlink">,
  copies: readonly CopyName[],
): Promise<Removal> {
  const removed: CopyName[] = [];
  const failed: { copy: CopyName; detail: string }[] = [];
  for (const { folder, name } of copies) {
    const copy = { folder, name };
    try {
      await unlinkIfThere(files, `${folder}/${name}`);
      await unlinkIfThere(files, `${folder}/${releaseMarkOf(name)}`);
      removed.push(copy);
    } catch (error) {
      failed.push({ copy, detail: errorText(error) });
    }
  }
  return { removed, failed };
}

async function unlinkIfThere(files: Pick<QuarantineFiles, "unlink">, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}
