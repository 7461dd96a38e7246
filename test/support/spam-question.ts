// A question to spam scanners, with whatever of it a test is about.

import type { Finding } from "../../src/authres/finding.ts";
import { formatAuthenticationResults } from "../../src/authres/print.ts";
import type { SpamQuestion } from "../../src/scanners/spam-question.ts";
import { memoryMail } from "./scanned-mail.ts";

const path = (address: string) => ({ address, parameters: "" });

export function spamQuestion(given: Partial<SpamQuestion> = {}): SpamQuestion {
  return {
    message: memoryMail(),
    envelope: { sender: path("a@example.com"), recipients: [path("b@example.net"), path("c@example.net")] },
    client: { address: "192.0.2.7", name: "client.example.com", helo: "helo.example.com" },
    mailId: "12345-06",
    bankPath: "MYNETS",
    bodyLimit: null,
    ...given,
  };
}

export function verified(...findings: readonly Finding[]): NonNullable<SpamQuestion["verified"]> {
  return { findings, field: () => formatAuthenticationResults("filter.example.net", findings) };
}

export const spfPass: Finding = {
  method: "spf",
  result: "pass",
  properties: [{ type: "smtp", name: "mailfrom", value: "a@example.com" }],
};
export const dkimPass: Finding = {
  method: "dkim",
  result: "pass",
  properties: [{ type: "header", name: "d", value: "example.com" }],
};
