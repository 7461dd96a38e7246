// Piscina entry for taking mails apart: a mail in, its parts out. No file, DNS or configuration here.

import type { PartsFound } from "../src/mail/content.ts";
import { splitHeader } from "../src/mail/header.ts";
import type { BodyPort, ContentTask, SurvivalTask } from "../src/mime/content-task.ts";
import { createExpansion } from "../src/mime/expansion.ts";
import { createMailWalk } from "../src/mime/mail-walk.ts";
import { makeSurvive, type Survival } from "../src/mime/survival.ts";
import { lowerPriority } from "./lower-priority.ts";
import { openArchives, type Unpacking } from "./unpack.ts";

lowerPriority();

export default async function takeApart(task: ContentTask): Promise<PartsFound> {
  const { header, limits, mailBytes } = task;
  const walk = createMailWalk(splitHeader(header), limits);
  const unpacking: Unpacking = { walk, limits, expansion: createExpansion(limits, mailBytes) };
  const read = async (chunk: Uint8Array) => {
    walk.write(chunk);
    await openArchives(unpacking);
  };
  if ("chunks" in task) for (const chunk of task.chunks) await read(chunk);
  else await readAll(task.port, read);
  walk.end();
  await openArchives(unpacking);
  return walk.found();
}

/** The same mail, written so that no MTA has to change it. */
export function survive({ header, chunks }: SurvivalTask): Survival {
  return makeSurvive(splitHeader(header).fields, Buffer.concat(chunks));
}

/** Resolves at the end of the body; rejects when something of ours breaks. */
function readAll(port: BodyPort, read: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    port.on("message", (chunk) => {
      if (chunk === null) {
        port.close();
        resolve();
      } else read(chunk).then(() => port.postMessage("read"), reject);
    });
    port.on("close", resolve);
  });
}
