// Whose mail it is by where it came from. XFORWARD is easily forgotten in master.cf, so a client that was not named is never
// taken for one of ours.
import type { ClientFacts } from "./transaction.ts";

/** The address that stands for mail made on the MTA's own host (amavisd). */
const thisHost = "0.0.0.0";

/**
 * The client's address as networks are asked about it: that of XFORWARD; `thisHost` where Postfix says that there is none
 * (ADDR=[UNAVAILABLE], or SOURCE=LOCAL alone, as for mail by sendmail(1)); undefined where XFORWARD was not sent, or refused.
 */
export function clientAddress({ address, source, standing }: ClientFacts): string | undefined {
  if (standing === "refused") return undefined;
  if (address !== undefined) return address;
  return standing === "unavailable" || source === "LOCAL" ? thisHost : undefined;
}
