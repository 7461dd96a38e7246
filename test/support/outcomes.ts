// An Outcome for tests that look at what is told of it.
import type { Outcome, RecipientOutcome } from "../../src/flow/outcome/outcome.ts";
import { nothingOwed } from "../../src/policy/decision.ts";
import { isPositive, type Reply } from "../../src/smtp/reply.ts";

export const ok: Reply = { code: 250, enhanced: "2.0.0", text: "Ok" };
export const later: Reply = { code: 451, enhanced: "4.7.1", text: "Greylisted" };
export const no: Reply = { code: 550, enhanced: "5.1.1", text: "No such user" };

export function recipient(address: string, reply: Reply = ok, more: Partial<RecipientOutcome> = {}): RecipientOutcome {
  return {
    address,
    local: true,
    direction: "Inbound",
    category: isPositive(reply) ? "CC_CLEAN" : "CC_MTA",
    minor: 0,
    action: "accept",
    reply,
    owed: nothingOwed,
    quarantine: [],
    notices: [],
    remote: "smtp:[127.0.0.1]:10025",
    ...more,
  };
}

export function outcomeWith(more: Partial<Outcome> = {}): Outcome {
  return {
    session: {
      id: "00001-01",
      listener: { address: "127.0.0.1", port: 10024 },
      peer: { address: "127.0.0.1", port: 1 },
      helo: "mta.example.com",
      protocol: "ESMTP",
      client: { address: "192.0.2.3", port: "33333" },
    },
    mailId: "UCtEH5c6lsJ1",
    sender: "alice@example.com",
    recipients: [recipient("bob@example.com")],
    messageId: "<att@friend.example>",
    sizeBytes: 436,
    bankPath: "",
    loaded: [],
    originating: false,
    verifications: [],
    findings: [{ method: "dkim", result: "none", properties: [] }],
    signings: [{ result: "skipped", reason: "not-originating" }],
    evidence: { from: [], candidates: [] },
    logLevel: 0,
    detailLines: [],
    reply: ok,
    queuedAs: [],
    receivedAtMs: 1_800_000_000_000,
    elapsedMs: 12.4,
    ...more,
  };
}
