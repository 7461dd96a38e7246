// Header fields that we may add by default: amavisd's, and those of ARC.

const added =
  "received dkim-signature arc-seal arc-message-signature arc-authentication-results authentication-results vbr-info " +
  "x-quarantine-id x-amavis-alert x-amavis-hold x-amavis-modified x-amavis-penpals x-amavis-os-fingerprint " +
  "x-amavis-policybank x-spam-status x-spam-level x-spam-flag x-spam-score x-spam-autolearn x-virus-scanned";
const notAdded = "x-spam-report x-spam-checker-version x-amavis-category";

export const defaultAddedFields: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...added.split(" ").map((name) => [name, true]),
  ...notAdded.split(" ").map((name) => [name, false]),
]);
