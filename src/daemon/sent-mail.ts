// What remembers what our users sent: a file of this machine, or the server that filters share.
import type { Config } from "../config/config.ts";
import { openLocalStore } from "../correspondence/local-store.ts";
import { type Correspondence, createSentMail } from "../correspondence/sent-mail.ts";
import { createSharedStore, type SharedTimes } from "../correspondence/shared-store.ts";
import { workerUrl } from "../process/module-url.ts";

export interface RememberedMail {
  readonly sentMail: Correspondence;
  close(): Promise<void>;
}

/** Undefined where no bank asks for it, or nothing can remember it. `tell` writes a line of the log. */
export function openSentMail(
  config: Config,
  shared: SharedTimes,
  tell: (text: string) => void,
): RememberedMail | undefined {
  const { sent_mail, redis } = config;
  if (!isAsked(config)) return undefined;
  const keepMs = sent_mail.keep * 1000;
  if (sent_mail.file !== null) {
    const { file } = sent_mail;
    const onTrouble = (error: Error) => tell(`sent mail is not remembered: ${file}: ${error.message}`);
    const store = openLocalStore({ file, keepMs, worker: workerUrl("sent-mail"), onTrouble });
    return { sentMail: createSentMail(store), close: () => store.close() };
  }
  if (redis.url === null) return undefined;
  return { sentMail: createSentMail(createSharedStore(shared, keepMs)), close: async () => undefined };
}

function isAsked({ base, policy_bank }: Config): boolean {
  return [base, ...policy_bank.values()].some(
    ({ penpals_bonus_score = null, bounce_killer_score = 0 }) =>
      (penpals_bonus_score ?? 0) > 0 || bounce_killer_score !== 0,
  );
}
