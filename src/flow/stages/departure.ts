// How a mail leaves as far as the bank says: under which name, from which address, with which DSN parameters.
import type { Envelope, Path } from "../../mail/transaction.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { LocalEnd } from "../../relay/delivery.ts";

export function localEndOf({ localhost_name, local_client_bind_address }: PolicyBank): LocalEnd {
  return { localhost_name, local_client_bind_address };
}

/** The envelope for some recipients; their DSN parameters stay here unless propagate_dsn_if_possible. */
export function departing(envelope: Envelope, recipients: readonly Path[], bank: PolicyBank): Envelope {
  const { sender } = envelope;
  if (bank.propagate_dsn_if_possible) return { sender, recipients };
  return { sender: withoutDsn(sender), recipients: recipients.map(withoutDsn) };
}

/** RFC 3461 section 4: RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT. */
function withoutDsn(path: Path): Path {
  if (path.parameters === "") return path;
  const kept = path.parameters.split(" ").filter((parameter) => !/^(?:RET|ENVID|NOTIFY|ORCPT)=/i.test(parameter));
  return { address: path.address, parameters: kept.join(" ") };
}
