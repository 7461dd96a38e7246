// Gives mail to the SMTP client: its edits are printed here, where it leaves, and the bank says how we appear, under which
// name, from which address, with which DSN parameters.
import { type HeaderEdits, print } from "../../mail/edit.ts";
import type { MessageOctets } from "../../mail/message.ts";
import type { Envelope, Path } from "../../mail/transaction.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { Delivery, LocalEnd, Outgoing, Proceed, Relay } from "../../relay/delivery.ts";
import type { JudgedMail, Leaving } from "../mail.ts";

export interface RelayStageOptions {
  /** Our patience with a mail, from the final dot on: below Postfix's smtp_data_done_timeout of 600 s. */
  readonly messageTimeMs: number;
}

export function createRelayStage(relay: Relay, { messageTimeMs }: RelayStageOptions) {
  return function relayMail(
    { transaction, bank }: JudgedMail,
    leaving: readonly Leaving[],
    proceed: Proceed,
  ): Promise<readonly Delivery[]> {
    const { session, envelope, message, arrivedMs } = transaction;
    // Printed once for mail that differs in its next hops alone: the header may have megabytes.
    const printed = new Map<HeaderEdits, MessageOctets>();
    const outgoing = leaving.map(({ recipients, edits, nextHops, deliverTo }): Outgoing => {
      const [nextHop, ...failover] = nextHops;
      if (nextHop === undefined) throw new Error("mail that leaves has a next hop");
      const leaves = printed.get(edits) ?? print(message, edits, "own");
      printed.set(edits, leaves);
      const one: Outgoing = {
        nextHop,
        session,
        localEnd: localEndOf(bank),
        envelope: departing(envelope, recipients, bank, deliverTo),
        message: leaves,
        deadlineMs: arrivedMs + messageTimeMs,
      };
      return failover.length === 0 ? one : { ...one, failover };
    });
    const deliveries = relay(outgoing, proceed);
    if (bank.propagate_dsn_if_possible && !bank.terminate_dsn_on_notify_success) return deliveries;
    // The next hop was not asked to notify of success.
    return deliveries.then((all) => all.map((delivery) => ({ ...delivery, tellsSender: false })));
  };
}

const knownEnds = new WeakMap<PolicyBank, LocalEnd>();

/** How mail under a bank appears to next hops: the same object each time, since connections are kept by it. */
export function localEndOf(bank: PolicyBank): LocalEnd {
  let end = knownEnds.get(bank);
  if (end === undefined) {
    end = makeLocalEnd(bank);
    knownEnds.set(bank, end);
  }
  return end;
}

function makeLocalEnd(bank: PolicyBank): LocalEnd {
  const { localhost_name, local_client_bind_address, amavis_auth_user: user, amavis_auth_pass: password } = bank;
  const { tls_security_level_out: level, smtp_tls_wrappermode: implicit, smtp_tls_servername: servername } = bank;
  return {
    localhost_name,
    local_client_bind_address,
    ...(level !== null && { tls: { level, implicit, servername } }),
    ...(bank.auth_required_out && { login: { user: user ?? "", password: password ?? "" } }),
  };
}

/**
 * The envelope for some recipients. Their DSN parameters stay here unless propagate_dsn_if_possible; of them SUCCESS does
 * with terminate_dsn_on_notify_success.
 */
function departing(
  { sender, recipients }: Envelope,
  places: readonly number[],
  bank: PolicyBank,
  deliverTo: Leaving["deliverTo"],
): Envelope {
  const keeps = bank.propagate_dsn_if_possible;
  const going: Path[] = [];
  for (const place of places) {
    const own = recipients[place];
    if (own === undefined) continue;
    const address = deliverTo?.get(place);
    const recipient = address === undefined ? own : { ...own, address };
    if (!keeps) going.push(withoutDsn(recipient));
    else going.push(bank.terminate_dsn_on_notify_success ? withoutSuccess(recipient) : recipient);
  }
  return { sender: keeps ? sender : withoutDsn(sender), recipients: going };
}

/** What is left when SUCCESS is answered here: of nothing else, NEVER (RFC 3461 section 5.2.7 c). */
function withoutSuccess(path: Path): Path {
  if (!/(?:^| )NOTIFY=/i.test(path.parameters)) return path;
  const parameters = path.parameters.replace(/(^| )NOTIFY=([^ ]*)/gi, (whole: string, blank: string, words: string) => {
    const all = words.split(",");
    const kept = all.filter((word) => word.toUpperCase() !== "SUCCESS");
    if (kept.length === all.length) return whole;
    return `${blank}NOTIFY=${kept.length === 0 ? "NEVER" : kept.join(",")}`;
  });
  return { address: path.address, parameters };
}

/** RFC 3461 section 4: RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT. */
function withoutDsn(path: Path): Path {
  if (path.parameters === "") return path;
  const kept = path.parameters.split(" ").filter((parameter) => !/^(?:RET|ENVID|NOTIFY|ORCPT)=/i.test(parameter));
  return { address: path.address, parameters: kept.join(" ") };
}
