// What our users sent and to whom: by that a known correspondent is distinguished from a stranger (pen pals), and a bounce of a mail of
// ours from one of a mail that only claimed to be ours (amavis.md 7.6).
import { createHash } from "node:crypto";

/** Times by key; all of it may be away at any time, and no mail waits for it for long. */
export interface SentStore {
  /** Remembers that it happened now. `at`: epoch, milliseconds. */
  note(keys: readonly string[], at: number): void;
  /** When it happened last, for each key; undefined: never, or nobody knows. Never rejects. */
  when(keys: readonly string[]): Promise<readonly (number | undefined)[]>;
}

export interface Sent {
  readonly sender: string;
  /** Those whose mail was taken. */
  readonly recipients: readonly string[];
  /** With angle brackets or without; undefined where the mail has none. */
  readonly messageId: string | undefined;
  /** Epoch, milliseconds. */
  readonly at: number;
}

export interface Correspondence {
  remember(sent: Sent): void;
  /** When each of ours last wrote to somebody, in their order. */
  lastWritten(ours: readonly string[], other: string): Promise<readonly (number | undefined)[]>;
  /** Whether a mail with this Message-ID was sent by one of ours; undefined where that is not known. */
  isOurs(messageId: string): Promise<boolean>;
}

/** Recipients of one mail that are remembered. */
const maxRecipients = 100;

export function createSentMail(store: SentStore): Correspondence {
  return {
    remember({ sender, recipients, messageId, at }) {
      const keys = recipients.slice(0, maxRecipients).map((recipient) => pairKey(sender, recipient));
      if (messageId !== undefined) keys.push(idKey(messageId));
      if (keys.length > 0) store.note(keys, at);
    },
    lastWritten: (ours, other) => store.when(ours.slice(0, maxRecipients).map((address) => pairKey(address, other))),
    isOurs: async (messageId) => (await store.when([idKey(messageId)]))[0] !== undefined,
  };
}

/** A reader of the store learns no address. */
function hashed(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("base64url").slice(0, 27);
}

function pairKey(ours: string, other: string): string {
  return `p${hashed(ours.toLowerCase(), other.toLowerCase())}`;
}

function idKey(messageId: string): string {
  return `i${hashed(messageId.replace(/^\s*<|>\s*$/g, "").trim())}`;
}
