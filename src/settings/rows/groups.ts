// The settings that are records of settings: ours, not amavisd's.
import { group } from "../group.ts";
import { hostPort, nameServer, redisUrl, webAddress } from "../network-shape.ts";
import { duration, integer, size, sizeUpTo } from "../number-shape.ts";
import { known, setting } from "../setting.ts";
import { list, oneOf, optional, text, toggle } from "../shape.ts";
import { file, logTarget, lowerCase } from "../text-shape.ts";

export const dns = group({
  servers: setting(
    list(nameServer, "a list of addresses, with :port where it is not 53"),
    [],
    "Resolvers, asked in turn. One on this machine is best.",
    "dns",
    { otherwise: "those of /etc/resolv.conf" },
  ),
  timeout: setting(duration, 2, "How long one query waits.", "dns"),
  tries: setting(integer(1, 10), 2, "Queries sent before a lookup counts as a temporary error.", "dns"),
  lookup_timeout: setting(duration, 5, "How long one lookup may take, all tries and aliases together.", "dns"),
  message_timeout: setting(duration, 10, "How long all lookups for one mail may take together.", "dns"),
  message_lookups: setting(integer(1, 1000), 60, "Lookups for one mail.", "dns"),
  cache_entries: setting(integer(0), 10000, "Answers kept, each for its TTL; 0 keeps none.", "dns"),
  cache_size: setting(size, 32 * 1024 ** 2, "Octets of answers kept.", "dns"),
  max_ttl: setting(duration, 3600, "How long an answer is kept at most.", "dns"),
  negative_ttl: setting(duration, 60, "How long an answer that there is nothing is kept at most.", "dns"),
  pending: setting(integer(1), 2000, "Lookups under way at once; one more counts as a temporary error.", "dns"),
});

export const pool = group({
  threads: setting(
    optional(integer(1, 256)),
    null,
    "Worker threads, of each process. More than one per core, less one for the main thread, are not started: they would only cost.",
    "pool",
    {
      otherwise: "one per core, less one for the main thread",
    },
  ),
  queue: setting(optional(integer(1)), null, "Tasks that may wait for a thread; beyond that mail gets 451.", "pool", {
    otherwise: "64 per thread and one per connection",
  }),
  deadline: setting(duration, 10, "How long one task may take before its thread is ended.", "pool"),
  in_place: setting(
    toggle,
    true,
    "The main thread signs and verifies small mail that comes alone, which is sooner done and at less cost, and makes RSA signatures that the threads cannot begin soon.",
    "pool",
  ),
});

export const metrics = group({
  listen: setting(
    optional(hostPort("127.0.0.1")),
    null,
    "Address and port of the endpoint; a port alone is on 127.0.0.1.",
    "http",
    { otherwise: "no endpoint" },
  ),
  names: setting(
    list(lowerCase, "a list of names"),
    [],
    "Names that Prometheus may ask by, beside the host's own, localhost and addresses; a request by another name gets 421.",
    "http",
  ),
  docs: setting(
    optional(webAddress),
    null,
    "Where you have put the pages of docs/: alerts and dashboards link to runbook.md and others below it.",
    "http",
    { otherwise: "links name the page alone" },
  ),
});

export const control = group({
  socket: setting(optional(file), null, "Path of the control socket.", "control", {
    otherwise: "control.sock in $RUNTIME_DIRECTORY, or in signpost-UID in the system's temporary folder",
  }),
});

export const spool = group({
  dir: setting(optional(file), null, "Folder for mail that does not fit into memory.", "receive", {
    otherwise: "the system's temporary folder",
  }),
  message_memory: setting(size, 12 * 1024 ** 2, "Octets of one mail kept in memory.", "receive"),
  memory: setting(size, 64 * 1024 ** 2, "Octets of all mail together kept in memory.", "receive"),
  free_space: setting(
    size,
    228 * 1024 ** 2,
    "With less free space than this in dir, no mail is taken that memory cannot hold.",
    "receive",
  ),
});

export const log = group({
  format: setting(
    oneOf("text", "json"),
    "text",
    "text is amavisd's line per mail, json the same facts as a record.",
    "log",
  ),
  to: setting(
    logTarget,
    "stderr",
    "Where its lines go: stderr (with journald's priorities under systemd), syslog (the local one, or syslog:/path of a socket, syslog:host:port for UDP), or the name of a file: /var/log/signpost/signpost.log, or ./signpost.log beside the configuration file.",
    "log",
  ),
});

export const history = group({
  size: setting(integer(0, 1_000_000), 1000, "Mails remembered in memory.", "history"),
  file: setting(optional(file), null, "An SQLite file that remembers them across restarts.", "history", {
    otherwise: "none",
    restart: true,
  }),
  retention: setting(duration, 7 * 86400, "How long the file remembers a mail.", "history", { restart: true }),
});

export const quarantine = group({
  keep: setting(duration, 30 * 86400, "How long a copy is kept.", "quarantine"),
  size: setting(size, 10 * 1024 ** 3, "Octets of all copies together; above it the oldest go.", "quarantine"),
  free_space: setting(
    size,
    10 * 1024 ** 2,
    "With less free space than this in QUARANTINEDIR no mail is taken, 452 in answer to MAIL; 0: it is not looked at.",
    "quarantine",
  ),
  index: setting(
    optional(file),
    null,
    "The SQLite file of the index. On a disk of this host where QUARANTINEDIR is on a network file system.",
    "quarantine",
    { otherwise: ".index.sqlite in QUARANTINEDIR" },
  ),
});

export const sent_mail = group({
  file: setting(
    optional(file),
    null,
    "The SQLite file that remembers what our users sent, and to whom: for penpals_bonus_score and bounce_killer_score. Of addresses it holds digests alone.",
    "correspondence",
    { otherwise: "redis.url, where it is set" },
  ),
  keep: setting(duration, 60 * 86_400, "How long it is remembered.", "correspondence"),
});

export const redis = group({
  url: setting(
    optional(redisUrl),
    null,
    "Where the server is: redis://user:password@host:port/database, rediss:// with TLS, unix:///path?db=1&password=secret for a socket; all but host and path may be left out. Who can write to it decides what verifies. With a password in it this file must not be readable by others.",
    "shared-cache",
    { otherwise: "none" },
  ),
  prefix: setting(text, "signpost:", "What the names of our keys begin with.", "shared-cache"),
  timeout: setting(
    duration,
    0.5,
    "How long one command may take; then mail goes on without the server, until it is well again.",
    "shared-cache",
  ),
});

export const limits = group(
  {
    header_size: setting(
      sizeUpTo(256 * 1024, "256k"),
      256 * 1024,
      "Octets of a header section; above it DKIM is skipped and the mail passes.",
      "receive",
    ),
    header_refused: setting(
      size,
      4 * 1024 ** 2,
      "Octets of a header section; above it the mail gets 552 5.3.4. Up to it all of it is searched for what claims to be ours, by the main thread: each MB takes about 10 ms in which nothing else goes on.",
      "receive",
    ),
    header_fields: setting(
      integer(1, 1000),
      1000,
      "Fields of a header section; above it DKIM is skipped and the mail passes.",
      "receive",
    ),
    received_fields: setting(integer(1), 100, "Received fields; more are a loop and get 554 5.4.6.", "flow"),
    connections: setting(
      integer(1),
      2000,
      "Connections from the MTA at a time, of all listeners together; one more gets 421. Never more than a third of the files that the system lets us open. Postfix's process limit for the feed is what keeps them few.",
      "receive",
    ),
    command_line: setting(size, 8192, "Octets of one command line.", "receive"),
    errors: setting(integer(1), 20, "Bad commands before a connection is closed with 421 4.7.0.", "receive"),
    data_time: setting(duration, 600, "From DATA to the final dot.", "receive"),
    data_block_time: setting(duration, 180, "Between two pieces of a mail.", "receive"),
    stressed_idle: setting(
      duration,
      10,
      "How long an idle client is waited for while most connections are in use.",
      "receive",
    ),
    message_time: setting(
      duration,
      480,
      "From the final dot to the reply. Must stay below Postfix's smtp_data_done_timeout (600s) and, before the queue, smtpd_proxy_timeout (100s unless set).",
      "flow",
    ),
  },
  { header_field_size: known(size, "Octets of one field that is looked at; 32k, and less where an RFC says so.") },
);

export const relay = group({
  connections: setting(
    integer(1),
    200,
    "Connections to next hops that carry mail at a time; further mail waits for one. One next hop gets at most half of what the others leave, so that one that hangs leaves room for the rest.",
    "relay",
  ),
  connections_per_next_hop: setting(
    integer(1),
    100,
    "The same for one next hop. Mail that waits for one is put off with 451 4.3.2 when no connection becomes free in time, or at once when the mail for that next hop has half of limits.connections in use.",
    "relay",
  ),
  connect_timeout: setting(duration, 10, "How long connecting may take.", "relay"),
  command_timeout: setting(
    duration,
    60,
    "How long the banner and each of EHLO, XFORWARD, MAIL and RCPT may take.",
    "relay",
  ),
  data_timeout: setting(duration, 120, "How long the reply to DATA may take.", "relay"),
  block_timeout: setting(duration, 180, "How long the next hop may leave a block of data unread.", "relay"),
  final_timeout: setting(duration, 480, "How long the reply to the final dot may take.", "relay"),
});
