// The mark beside a copy that says that it was released, or is being: made before it is sent, by the process that is first, so that
// two who ask for the same copy do not both send it, on this host or on another that shares the folder.
import { dirname } from "node:path";
import { errorCode } from "../mail/error-text.ts";
import { releaseMarkOf } from "../mail/quarantine-names.ts";
import type { CopyName } from "../mail/quarantine-question.ts";
import type { QuarantineFiles } from "./files.ts";

/** False where there is one already. Rejects where it cannot be made. */
export async function markReleased(files: QuarantineFiles, { folder, name }: CopyName, text: string): Promise<boolean> {
  const path = `${folder}/${releaseMarkOf(name)}`;
  try {
    const file = await files.create(path);
    try {
      await file.write(Buffer.from(text));
      await file.sync();
    } finally {
      await file.close();
    }
    await files.syncFolder(`${dirname(path)}/.`);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Rejects where that cannot be seen. */
export async function isMarkedReleased(files: QuarantineFiles, { folder, name }: CopyName): Promise<boolean> {
  return (await files.sizeOf(`${folder}/${releaseMarkOf(name)}`)) !== undefined;
}

/** It was not released after all. Never rejects: a mark that stays asks for --again, no more. */
export async function unmarkReleased(files: QuarantineFiles, { folder, name }: CopyName): Promise<void> {
  await files.unlink(`${folder}/${releaseMarkOf(name)}`).catch(() => undefined);
}
