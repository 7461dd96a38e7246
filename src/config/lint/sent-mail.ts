// Checks that go by what our users sent, where nothing remembers it.
import type { Config } from "../config.ts";
import { everyBank } from "../references.ts";
import type { Say } from "./advice.ts";

export function lintSentMail(config: Config, say: Say): void {
  if (config.sent_mail.file !== null || config.redis.url !== null) return;
  for (const { path, settings } of everyBank(config)) {
    const { penpals_bonus_score: bonus, bounce_killer_score: killer } = settings;
    for (const [name, value] of [
      ["penpals_bonus_score", bonus],
      ["bounce_killer_score", killer],
    ] as const) {
      if (value === undefined || value === null || value === 0) continue;
      say("error", [...path, name], "nothing remembers what our users sent: set sent_mail.file, or redis.url");
    }
  }
}
