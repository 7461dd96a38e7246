// What a listener and a message store of a test go by unless the test says otherwise.
import { defaultHeaderLimits } from "../../src/mail/header.ts";
import { Dialog } from "../../src/receive/dialog.ts";
import type { ListenerOptions, ReceiveTimeouts } from "../../src/receive/options.ts";
import type { StoreLimits } from "../../src/receive/store.ts";
import { defaultGreetingBanner, defaultQuitBanner } from "../../src/smtp/banner.ts";

export const defaultTimeouts: ReceiveTimeouts = {
  idleMs: 300_000,
  stressedIdleMs: 10_000,
  dataBlockMs: 180_000,
  dataMs: 600_000,
};

const loopback = new Set(["127.0.0.1", "::1"]);

export const defaultListenerOptions: ListenerOptions = {
  protocol: "SMTP",
  smtpd_greeting_banner: defaultGreetingBanner,
  smtpd_quit_banner: defaultQuitBanner,
  bannerValues: { product: "signpost" },
  smtpd_discard_ehlo_keywords: [],
  allowPeer: (address) => loopback.has(address),
  haproxy_target_enabled: false,
  allowXforward: (address) => address === "" || loopback.has(address),
  smtpd_message_size_limit: 64 * 1024 * 1024,
  smtpd_recipient_limit: 1100,
  bare_newline: "replace",
  sent: (reply) => reply,
  maxClients: 2000,
  maxCommandOctets: 8192,
  maxErrors: 20,
  maxHeaderBytes: 16 * 1024 * 1024,
  headerLimits: defaultHeaderLimits,
  timeouts: defaultTimeouts,
};

export const defaultStoreLimits: Omit<StoreLimits, "spoolDirectory"> = {
  bodyMemoryBytes: 16 * 1024 * 1024,
  memoryBudgetBytes: 64 * 1024 * 1024,
  // Twice the size limit and 100 MB.
  minFreeBytes: 2 * 64 * 1024 * 1024 + 100_000_000,
};

/** The dialog of a session on this machine. */
export function dialogWith(options: Partial<ListenerOptions>): Dialog {
  return new Dialog({
    logId: "1-1",
    listener: { address: "127.0.0.1", port: 10024 },
    peer: { address: "127.0.0.1", port: 1 },
    options: () => ({ ...defaultListenerOptions, ...options }),
    admit: () => undefined,
    refused: () => undefined,
  });
}
