// A worker that does what its jobs' subjects say: the pool's tests need one that dies, hangs and throws.
import type { DkimJob, DkimJobResult, DkimTask } from "../../../src/dkim/task.ts";

export default function perform(task: DkimTask): readonly DkimJobResult[] {
  if (task.kind !== "batch") return [];
  return task.jobs.map(performJob);
}

function performJob(job: DkimJob): DkimJobResult {
  if (job.kind !== "sign") return { kind: "failed", message: "only signs" };
  const subject = /Subject: (.*)\r\n/.exec(Buffer.from(job.job.header).toString())?.[1] ?? "";
  if (subject === "die") process.exit(7);
  // Held up as by an endless loop, at no cost.
  if (subject === "hang") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (subject === "throw") return { kind: "failed", message: "thrown" };
  return { kind: "signed", fields: [subject] };
}
