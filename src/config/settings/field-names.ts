// Header field names with a default of their own: which are signed, which we may add.

/** 2: one h= entry more than there are fields, present or not, so that nobody can add one unnoticed. */
const oversigned =
  "from subject date to cc reply-to message-id mime-version content-type content-transfer-encoding in-reply-to references";
const signed =
  "content-id content-description resent-date resent-from resent-sender resent-message-id list-id list-post " +
  "list-owner list-subscribe list-unsubscribe list-unsubscribe-post list-help list-archive received precedence " +
  "original-message-id message-context pics-label sensitivity solicitation content-location content-features " +
  "content-disposition content-language content-alternative content-base content-md5 content-duration content-class " +
  "accept-language auto-submitted archived-at vbr-info organization organisation user-agent x-mailer";
/** amavisd leaves these out; lists and forwarders change them. */
const unsigned = "sender resent-to resent-cc";

export const defaultSignedFields: Readonly<Record<string, number>> = Object.fromEntries([
  ...oversigned.split(" ").map((name) => [name, 2]),
  ...signed.split(" ").map((name) => [name, 1]),
  ...unsigned.split(" ").map((name) => [name, 0]),
]);

const added =
  "received dkim-signature arc-seal arc-message-signature arc-authentication-results authentication-results vbr-info " +
  "x-quarantine-id x-amavis-alert x-amavis-hold x-amavis-modified x-amavis-penpals x-amavis-os-fingerprint " +
  "x-amavis-policybank x-spam-status x-spam-level x-spam-flag x-spam-score x-spam-autolearn x-virus-scanned";
const notAdded = "x-spam-report x-spam-checker-version x-amavis-category";

export const defaultAddedFields: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...added.split(" ").map((name) => [name, true]),
  ...notAdded.split(" ").map((name) => [name, false]),
]);
