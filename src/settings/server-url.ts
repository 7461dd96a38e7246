// Where a Redis server is, as the setting says it: redis://, rediss:// (TLS), unix:// or the path of a socket alone.

export interface ServerPlace {
  readonly at: { readonly host: string; readonly port: number; readonly isTls: boolean } | { readonly path: string };
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
}

const defaultPort = 6379;

/**
 * Reads `redis[s]://[[user]:password@]host[:port][/database]` or `unix:///path[?db=…&username=…&password=…]`; undefined
 * where anything else stands in it.
 */
export function parseServerUrl(text: string): ServerPlace | undefined {
  const url = URL.parse(text.startsWith("/") ? `unix://${text}` : text);
  if (url === null || url.hash !== "") return undefined;
  try {
    if (url.protocol === "unix:") return unixPlace(url);
    return url.protocol === "redis:" || url.protocol === "rediss:" ? tcpPlace(url) : undefined;
  } catch {
    // Percent signs that stand for no octet.
    return undefined;
  }
}

function tcpPlace(url: URL): ServerPlace | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const database = databaseOf(url.pathname.replace(/^\//, ""));
  if (host === "" || database === undefined || url.search !== "") return undefined;
  const port = url.port === "" ? defaultPort : Number(url.port);
  return {
    at: { host, port, isTls: url.protocol === "rediss:" },
    database,
    ...credentials(decodeURIComponent(url.username), decodeURIComponent(url.password)),
  };
}

function unixPlace(url: URL): ServerPlace | undefined {
  const known = new Set(["db", "username", "password"]);
  const { searchParams } = url;
  const database = databaseOf(searchParams.get("db") ?? "");
  if (url.host !== "" || url.pathname.length < 2 || database === undefined) return undefined;
  if ([...searchParams.keys()].some((name) => !known.has(name))) return undefined;
  return {
    at: { path: decodeURIComponent(url.pathname) },
    database,
    ...credentials(searchParams.get("username") ?? "", searchParams.get("password") ?? ""),
  };
}

function databaseOf(text: string): number | undefined {
  return /^\d{0,5}$/.test(text) ? Number(text) : undefined;
}

function credentials(username: string, password: string): Pick<ServerPlace, "username" | "password"> {
  return { ...(username !== "" && { username }), ...(password !== "" && { password }) };
}

/** For the log: without user and password. */
export function placeText({ at, database }: ServerPlace): string {
  if ("path" in at) return `unix://${at.path}${database === 0 ? "" : `?db=${database}`}`;
  const host = at.host.includes(":") ? `[${at.host}]` : at.host;
  return `${at.isTls ? "rediss" : "redis"}://${host}:${at.port}${database === 0 ? "" : `/${database}`}`;
}
