// Replies to the final dot that are not the flow's, and the last look at those that are.
import type { Reply } from "../smtp/reply.ts";
import { oversize } from "./envelope-dialog.ts";
import type { IntakeFailure } from "./intake.ts";

/** Trouble of ours: the client shall try again, and learns nothing but where to look in the log. */
export function troubleReply(id: string): Reply {
  return { code: 451, enhanced: "4.3.0", text: `Error in processing, id=${id}` };
}

/** The reply to the final dot of a message that was not kept. */
export function failureReply(failure: IntakeFailure, sizeBytes: number, id: string): Reply {
  switch (failure) {
    case "size":
      return oversize(sizeBytes);
    case "header-size":
      return { code: 552, enhanced: "5.3.4", text: "Header section exceeds size limit" };
    case "bare-newline":
      return { code: 554, enhanced: "5.6.0", text: `Reject, id=${id} - bare <CR> or <LF> in message` };
    case "storage":
      return { code: 452, enhanced: "4.3.1", text: "Insufficient system storage" };
    default:
      return troubleReply(id);
  }
}

/** The flow's reply as it may be sent: one that is no final reply must not reach the client. */
export function finalReply(reply: Reply, id: string): Reply {
  const valid =
    Number.isInteger(reply.code) && reply.code >= 200 && reply.code <= 599 && (reply.code < 300 || reply.code >= 400);
  return valid ? reply : troubleReply(id);
}
