// `signpost quarantine release`: the running daemon sends the mail; the secret comes from the index.
import { fieldsOf, textOf, textsOf } from "../control/answers.ts";
import { encodeUtf8 } from "../mail/domain.ts";
import { jsonText, withoutControls } from "../mail/json-text.ts";
import type { QuarantineRow } from "../mail/quarantine-row.ts";
import { askDaemon } from "./ask-daemon.ts";
import { exitCode, type Io } from "./command.ts";
import type { QuarantineArgs } from "./quarantine-args.ts";
import { readable } from "./quarantine-print.ts";

/** Handing over a large mail takes its time. */
const timeoutMs = 600_000;

/** What the daemon's results mean, and their exit codes. */
const results: Readonly<Record<string, readonly [exit: number, text: string]>> = {
  released: [exitCode.ok, "released"],
  "not-found": [exitCode.noInput, "the daemon finds no such copy"],
  denied: [exitCode.permission, "the secret is missing or wrong (auth_required_release)"],
  "already-released": [exitCode.failure, "was released before; --again sends it once more"],
  unreadable: [exitCode.data, "the copy cannot be read"],
  refused: [exitCode.unavailable, "the next hop refuses it; nothing was sent"],
  "put-off": [exitCode.temporary, "the next hop does not take it now; nothing was sent"],
  failed: [exitCode.temporary, "failed"],
};

/** Releases one copy. @returns the exit code */
export async function releaseCopy(
  { id, secretId }: { readonly id: string; readonly secretId: string | undefined },
  { values }: Pick<QuarantineArgs, "values">,
  io: Io,
): Promise<number> {
  const request = {
    command: "release",
    id,
    again: values.again === true,
    ...(secretId === undefined ? {} : { secretId }),
    ...(values.to === undefined ? {} : { to: values.to.map(encodeUtf8) }),
  } as const;
  const asked = await askDaemon(request, values, io, { timeoutMs });
  if ("exit" in asked) return asked.exit;
  const answer = fieldsOf(asked.value);
  const result = textOf(answer.result);
  const [exit, text] = results[result] ?? [exitCode.software, `an answer that is none: ${result}`];
  if (values.json === true) io.stdout(`${jsonText({ id, ...answer })}\n`);
  else if (exit === exitCode.ok) {
    const to = textsOf(answer.recipients).map((each) => `<${readable(each)}>`);
    io.stdout(`${withoutControls(`${id}: released to ${to.join(", ")}`)}\n`);
  } else {
    const detail = textOf(answer.detail);
    io.stderr(`signpost: ${withoutControls(id)}: ${text}${detail === "" ? "" : `: ${withoutControls(detail)}`}\n`);
  }
  return exit;
}

/**
 * What a release of these copies asks for: each mail once, however many copies there are of it, with the secret of the one
 * that is asked for it: the first that is in quarantine.
 */
export function releasesOf(
  rows: readonly QuarantineRow[],
): readonly { readonly id: string; readonly secretId: string }[] {
  const byMail = new Map<string, string>();
  for (const isFirstChoice of [true, false]) {
    for (const { mailId, secretId, purpose } of rows) {
      if ((purpose === "quarantine") === isFirstChoice && !byMail.has(mailId)) byMail.set(mailId, secretId);
    }
  }
  return [...byMail].map(([id, secretId]) => ({ id, secretId }));
}
