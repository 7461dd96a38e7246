// From the listeners to the flow: mail that comes in by SMTP, LMTP or milter goes through the configuration in force, and
// its Outcome to the log, the metrics and the history.
import type { Outcome } from "../flow/outcome/outcome.ts";
import type { MilterHandlers } from "../milter/handlers.ts";
import type { DkimPool } from "../pool/dkim-engine.ts";
import type { ReceiveHandlers } from "../receive/handlers.ts";
import type { Reply } from "../smtp/reply.ts";
import type { ConfiguredFilter } from "./configured-filter.ts";
import { milterVerdict } from "./milter-mail.ts";

export interface MailHandlersNeeds {
  /** The filter of the configuration in force; a mail stays with the one that it began with. */
  filter(): Pick<ConfiguredFilter, "begin" | "beginMilter">;
  readonly pool: Pick<DkimPool, "saturated" | "startDigest">;
  /** How messages by milter are collected. */
  readonly milterIntake: Pick<MilterHandlers, "openIntake" | "failureReply">;
  /** False while there is no room for copies of mail. */
  hasRoomForCopies(): boolean;
  /** Called for each mail when it is done. */
  onOutcome(outcome: Outcome): void;
}

export interface MailHandlers {
  /** SMTP and LMTP. */
  readonly receive: ReceiveHandlers;
  readonly milter: MilterHandlers;
}

const saturated: Reply = { code: 451, enhanced: "4.3.2", text: "Too much mail at once, please try again later" };

/** Given at MAIL, before the content is sent, since any mail may have to be copied. */
const noRoomForCopies: Reply = { code: 452, enhanced: "4.3.1", text: "Insufficient system storage" };

export function createMailHandlers(needs: MailHandlersNeeds): MailHandlers {
  const { filter, pool, milterIntake, hasRoomForCopies, onOutcome } = needs;
  const { startDigest } = pool;

  function admit(): Reply | undefined {
    if (pool.saturated) return saturated;
    return hasRoomForCopies() ? undefined : noRoomForCopies;
  }

  return {
    receive: {
      onHead(session, envelope, head) {
        const mail = filter().begin(session, envelope, head);
        return {
          digestSpecs: mail.digestSpecs,
          async onMessage(transaction) {
            const outcome = await mail.finish(transaction);
            onOutcome(outcome);
            return outcome;
          },
        };
      },
      startDigest,
      admit,
    },
    milter: {
      ...milterIntake,
      onHead(session, envelope, head) {
        const mail = filter().beginMilter(session, envelope, head);
        return {
          digestSpecs: mail.digestSpecs,
          async onMessage(transaction) {
            const done = await mail.finish(transaction);
            onOutcome(done.outcome);
            return milterVerdict(done);
          },
        };
      },
      admit,
    },
  };
}
