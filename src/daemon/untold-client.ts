// Warns when the MTA does not name the clients of its mail, with the line that is missing in master.cf.
import type { Session } from "../mail/transaction.ts";

const missingLine = "-o smtp_send_xforward_command=yes";

/** Warns once: the line is then missing for every mail. */
export function createUntoldClientWarning(warn: (text: string) => void): (session: Session) => void {
  let isSaid = false;
  return ({ id, listener, client, protocol }) => {
    if (isSaid) return;
    isSaid = true;
    const where = listener.path ?? `${listener.address}:${listener.port}`;
    const line = protocol === "LMTP" ? missingLine.replace("smtp", "lmtp") : missingLine;
    const why =
      client.standing === "refused"
        ? "an XFORWARD command was refused"
        : `no XFORWARD came: the transport in master.cf that leads here needs "${line}"`;
    warn(`(${id}) the client of a mail on ${where} is not known, so it is never inside mynetworks: ${why} (said once)`);
  };
}
