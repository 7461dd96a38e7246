// The settings that are records of settings: ours, not amavisd's.
import { group } from "../group.ts";
import { hostPort, nameServer, redisUrl } from "../network-shape.ts";
import { active, known } from "../setting.ts";
import {
  duration,
  file,
  integer,
  list,
  logTarget,
  lowerCase,
  oneOf,
  optional,
  size,
  sizeUpTo,
  text,
  toggle,
} from "../shape.ts";

export const dns = group({
  servers: active(
    list(nameServer, "a list of addresses, with :port where it is not 53"),
    [],
    "Resolvers, asked in turn. One on this machine is best.",
    "those of /etc/resolv.conf",
  ),
  timeout: active(duration, 2, "How long one query waits."),
  tries: active(integer(1, 10), 2, "Queries sent before a lookup counts as a temporary error."),
  lookup_timeout: active(duration, 5, "How long one lookup may take, all tries and aliases together."),
  message_timeout: active(duration, 10, "How long all lookups for one mail may take together."),
  message_lookups: active(integer(1, 1000), 60, "Lookups for one mail."),
  cache_entries: active(integer(0), 10000, "Answers kept, each for its TTL; 0 keeps none."),
  cache_size: active(size, 32 * 1024 ** 2, "Octets of answers kept."),
  max_ttl: active(duration, 3600, "How long an answer is kept at most."),
  negative_ttl: active(duration, 60, "How long an answer that there is nothing is kept at most."),
  pending: active(integer(1), 2000, "Lookups under way at once; one more counts as a temporary error."),
});

export const pool = group({
  threads: active(
    optional(integer(1, 256)),
    null,
    "Worker threads, of each process.",
    "one per core, less one for the main thread",
  ),
  queue: active(
    optional(integer(1)),
    null,
    "Tasks that may wait for a thread; beyond that mail gets 451.",
    "64 per thread and one per connection",
  ),
  deadline: active(duration, 10, "How long one task may take before its thread is ended."),
  in_place: active(
    toggle,
    true,
    "While the threads have nothing to do, the main thread signs and verifies small mail itself: sooner done, at less cost.",
  ),
});

export const metrics = group({
  listen: active(
    optional(hostPort("127.0.0.1")),
    null,
    "Address and port of the endpoint; a port alone is on 127.0.0.1.",
    "no endpoint",
  ),
  names: active(
    list(lowerCase, "a list of names"),
    [],
    "Names that Prometheus may ask by, beside the host's own, localhost and addresses; whoever asks by another gets 421.",
  ),
});

export const control = group({
  socket: active(
    optional(file),
    null,
    "Path of the control socket.",
    "control.sock in $RUNTIME_DIRECTORY, or in signpost-UID in the system's temporary folder",
  ),
});

export const spool = group({
  dir: active(optional(file), null, "Folder for mail that does not fit into memory.", "the system's temporary folder"),
  message_memory: active(size, 12 * 1024 ** 2, "Octets of one mail kept in memory."),
  memory: active(size, 64 * 1024 ** 2, "Octets of all mail together kept in memory."),
  free_space: active(
    size,
    228 * 1024 ** 2,
    "With less free space than this in dir, no mail is taken that memory cannot hold.",
  ),
});

export const log = group({
  format: active(oneOf("text", "json"), "text", "text is amavisd's line per mail, json the same facts as a record."),
  to: active(
    logTarget,
    "stderr",
    "Where its lines go: stderr (with journald's priorities under systemd), syslog (the local one, or syslog:/path of a socket, syslog:host:port for UDP), or the name of a file.",
  ),
});

export const history = group({
  size: active(integer(0, 1_000_000), 1000, "Mails remembered in memory."),
  file: active(optional(file), null, "An SQLite file that remembers them across restarts.", "none"),
  retention: active(duration, 7 * 86400, "How long the file remembers a mail."),
});

export const quarantine = group({
  keep: active(duration, 30 * 86400, "How long a copy is kept."),
  size: active(size, 10 * 1024 ** 3, "Octets of all copies together; above it the oldest go."),
  index: active(
    optional(file),
    null,
    "The SQLite file of the index. On a disk of this host where QUARANTINEDIR is on a network file system.",
    ".index.sqlite in QUARANTINEDIR",
  ),
});

export const redis = group({
  url: active(
    optional(redisUrl),
    null,
    "Where the server is: redis://user:password@host:port/database, rediss:// with TLS, unix:///path?db=1&password=secret for a socket; all but host and path may be left out. Who can write to it decides what verifies. With a password in it this file must not be readable by others.",
    "none",
  ),
  prefix: active(text, "signpost:", "What the names of our keys begin with."),
  timeout: active(
    duration,
    0.5,
    "How long one command may take; then mail goes on without the server, until it is well again.",
  ),
});

export const limits = group(
  {
    header_size: active(
      sizeUpTo(256 * 1024, "256k"),
      256 * 1024,
      "Octets of a header section; above it DKIM is skipped and the mail passes.",
    ),
    header_refused: active(
      size,
      4 * 1024 ** 2,
      "Octets of a header section; above it the mail gets 552 5.3.4. Up to it all of it is searched for what claims to be ours, by the main thread: each MB takes about 10 ms in which nothing else goes on.",
    ),
    header_fields: active(
      integer(1, 1000),
      1000,
      "Fields of a header section; above it DKIM is skipped and the mail passes.",
    ),
    received_fields: active(integer(1), 100, "Received fields; more are a loop and get 554 5.4.6."),
    connections: active(
      integer(1),
      2000,
      "Connections from the MTA at a time, all doors together; what is beyond gets 421. Never more than a third of the files that the system lets us open. Postfix's process limit for the feed is what keeps them few.",
    ),
    command_line: active(size, 8192, "Octets of one command line."),
    errors: active(integer(1), 20, "Bad commands before a connection is closed with 421 4.7.0."),
    data_time: active(duration, 600, "From DATA to the final dot."),
    data_block_time: active(duration, 180, "Between two pieces of a mail."),
    stressed_idle: active(duration, 10, "How long an idle client is waited for while most connections are in use."),
    message_time: active(
      duration,
      480,
      "From the final dot to the reply. Must stay below Postfix's smtp_data_done_timeout (600s).",
    ),
  },
  { header_field_size: known(size, "Octets of one field that is looked at; 32k, and less where an RFC says so.") },
);

export const relay = group({
  connections: active(
    integer(1),
    200,
    "Connections to next hops that carry mail at a time; further mail waits for one. One next hop gets at most half of what the others leave, so that one that hangs leaves room for the rest.",
  ),
  connections_per_next_hop: active(
    integer(1),
    100,
    "The same for one next hop. Mail that waits for one is put off with 451 4.3.2 when no connection becomes free in time, or at once when the mail for that next hop has half of limits.connections in use.",
  ),
  connect_timeout: active(duration, 10, "How long connecting may take."),
  command_timeout: active(duration, 60, "How long the banner and each of EHLO, XFORWARD, MAIL and RCPT may take."),
  data_timeout: active(duration, 120, "How long the reply to DATA may take."),
  block_timeout: active(duration, 180, "How long the next hop may leave a block of data unread."),
  final_timeout: active(duration, 480, "How long the reply to the final dot may take."),
});
