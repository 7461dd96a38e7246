// Where a configuration has the daemon listen, and with whose rights each place is opened at the start.
import type { Config } from "../config/config.ts";
import { needsRootFor } from "../process/daemon-files.ts";
import type { InheritedSockets } from "../process/inherited-sockets.ts";
import type { ActingAs, UnixUser } from "../process/unix-user.ts";
import type { ListenAt } from "../sockets/listen.ts";
import type { ConfiguredFilter } from "./configured-filter.ts";
import { giveSocket } from "./daemon-user.ts";
import { type Listeners, listenerKey } from "./listeners.ts";
import { type ListenerPlace, listenAddresses, milterPlaces } from "./part-options.ts";

export interface PlaceNeeds {
  /** The ports are shared with other processes. */
  readonly sharesPorts: boolean;
  /** Sockets that listen already; each is taken once. */
  readonly inherited?: Pick<InheritedSockets, "take"> | undefined;
  /** Writes a warning to the log. */
  warn(text: string): void;
}

/** The places of a configuration. One whose bank wants a protocol that we do not speak is left out, with a warning. */
export function placesOf(
  { config, atConnect }: Pick<ConfiguredFilter, "config" | "atConnect">,
  { sharesPorts, inherited, warn }: PlaceNeeds,
): readonly ListenerPlace[] {
  return allPlaces(config)
    .map((at) => {
      const descriptor = inherited?.take(listenerKey(at));
      return {
        ...at,
        ...(at.path === undefined ? { reusePort: sharesPorts } : {}),
        ...(descriptor === undefined ? {} : { descriptor }),
      };
    })
    .filter((at) => {
      if (at.milter !== undefined) return true;
      const { address = "", port = 0, path } = at;
      const { protocol } = atConnect({ address, port, ...(path === undefined ? {} : { path }) });
      const isSpoken = protocol === null || protocol === "SMTP" || protocol === "LMTP";
      if (!isSpoken) warn(`${listenerKey(at)} stays closed: ${protocol} is not spoken here`);
      return isSpoken;
    });
}

function allPlaces(config: Config): readonly ListenerPlace[] {
  return [...listenAddresses(config), ...milterPlaces(config)];
}

/**
 * Opens the places at the start; `acting` is set where root starts the daemon. Root opens those alone that need root: the
 * system shares a port only among sockets of one user, and a reload opens places as the daemon's user.
 */
export async function openAtStart(
  listeners: Pick<Listeners, "open" | "keep">,
  places: readonly ListenerPlace[],
  acting: ActingAs | undefined,
): Promise<void> {
  if (acting !== undefined) {
    const { user, whileRoot } = acting;
    const ofRoot = places.filter((at) => needsRoot(at, user));
    if (ofRoot.length > 0) await whileRoot(() => listeners.open(ofRoot));
    for (const { path } of ofRoot) if (path !== undefined) giveSocket(acting, path);
  }
  await listeners.open(places);
  listeners.keep(places, 0);
}

/** Only root opens ports below it, unless the system is set otherwise. */
const firstFreePort = 1024;

function needsRoot({ path, port = 0 }: ListenAt, user: UnixUser): boolean {
  return path === undefined ? port < firstFreePort : needsRootFor(path, user);
}
