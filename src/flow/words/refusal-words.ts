// Why a client, command or message was refused before there was a mail to decide on.
import type { RefusalCause } from "../../smtp/refusal.ts";
import type { Meaning } from "./word.ts";

const program = "Look at the program behind that address: an MTA does not do this.";

export const refusalWords: Readonly<Record<RefusalCause, Meaning>> = {
  access: [
    "inet_acl does not let this client connect.",
    "Add its address to inet_acl if it is an MTA of yours; else a firewall should keep it away.",
  ],
  connections: [
    "There are as many connections as limits.connections allows.",
    "Lower maxproc of the Postfix services that feed this filter, or raise limits.connections and the limit on open files.",
  ],
  stopping: ["The daemon is stopping.", "Nothing, if it was meant to: the client tries again."],
  busy: [
    "More mail came at once than the workers can take.",
    'Look at "signpost status": jobs waiting mean too few threads or CPUs, connections in use a slow next hop. The client tries again.',
  ],
  storage: [
    "There is no room for the message: spool.memory is in use and the disk of spool.dir has less than spool.free_space left.",
    "Make room on that disk. The client tries again.",
  ],
  size: [
    "The message is larger than smtpd_message_size_limit.",
    "Set it as high as message_size_limit of Postfix, or Postfix bounces mail that it took itself.",
  ],
  "header-size": [
    "The header section of the message is larger than limits.header_refused.",
    "Look at the message: no ordinary program writes such a header.",
  ],
  recipients: [
    "The mail has more recipients than smtpd_recipient_limit.",
    "Nothing: Postfix sends the rest in another transaction. A milter's MTA does not: set it as high as the MTA's own limit.",
  ],
  envelope: [
    "An address or a parameter of MAIL or RCPT is wrong.",
    "The reply says what; look at the program that made the address.",
  ],
  syntax: ["The client sent what is no command, or one out of order.", program],
  login: [
    "The client did not log in or begin TLS as this listener demands, or gave a wrong password.",
    "Check name and password of the client, and the tls and login settings of the listener.",
  ],
  "bare-newline": [
    "The message has a bare CR or LF, and bare_newline is reject.",
    "bare_newline: replace makes blanks of them; a correct client never sends them.",
  ],
  timeout: [
    "The client said nothing for smtpd_timeout, or its message did not come in time.",
    "Look at the client: its connection or the program hangs.",
  ],
  trouble: ["Something broke on our side.", "The log has an error line with the same id. The client tries again."],
};
