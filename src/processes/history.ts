// What several processes remember of past mails, as one answer: each keeps its own in memory; the file they share.
import { type Fields, fieldsOf, listOf } from "../control/answers.ts";

/** Answers to `why`: newest first, each mail once, from the process that knows most of it. */
export function joinMails(answers: readonly unknown[], limit: number): readonly unknown[] {
  const byId = new Map<unknown, { readonly mail: Fields; readonly time: string }>();
  for (const mail of answers.flatMap(listOf)) {
    const { mail_id, log_id, time } = fieldsOf(mail.record);
    // A refusal is no mail and has no mail_id.
    const id = mail_id === "" ? `${String(log_id)} ${String(time)}` : mail_id;
    // The process that still has it in memory explains it; for the others it is a line of the file.
    if (byId.has(id) && mail.explanation === undefined) continue;
    byId.set(id, { mail, time: String(time) });
  }
  return [...byId.values()]
    .sort((one, other) => (one.time < other.time ? 1 : -1))
    .slice(0, limit)
    .map(({ mail }) => mail);
}

/** Answers to `log`: oldest first, each line once. */
export function joinLines(answers: readonly unknown[], limit: number): readonly unknown[] {
  const lines = new Map<string, { readonly time: string; readonly line: string }>();
  for (const answer of answers.flatMap(listOf)) {
    const time = String(answer.time);
    // In the file a mail of several lines is one entry.
    for (const line of String(answer.line).split("\n")) lines.set(`${time} ${line}`, { time, line });
  }
  return [...lines.values()]
    .sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0))
    .slice(-limit);
}
