// Whose mail it is: banks by the client that XFORWARD tells, by local sender, by listener, mail by mail.
import assert from "node:assert/strict";
import { connected, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { type Paths, startPaths } from "../support/paths.ts";

const config = `
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: ["!10.66.0.0/16", 10.0.0.0/8, "[2001:db8::]/32"]
inet_socket_port: [@0@, @1@, @2@, @3@]
inet_socket_bind: [127.0.0.1]
forward_method: "@A@"
notify_method: "@A@"
interface_policy: { "@1@": PARTNERS, "127.0.0.1:@2@": "FIRST, SECOND", "@3@": WORLD }
policy_bank:
  MYUSERS: { forward_method: "@B@" }
  # The pairs of this path take the place of mynetworks and MYNETS.
  PARTNERS:
    client_ipaddr_policy:
      - { networks: ["!192.0.2.66", 192.0.2.0/24], banks: "NEAR, TRUSTED" }
      - { networks: [192.0.2.66, 198.51.100.0/24], banks: FAR }
  WORLD: { mynetworks_maps: [[0.0.0.0/0, "[::]/0"]] }
  NEAR: { forward_method: "@B@" }
  FAR: { originating: false }
  TRUSTED: { originating: true }
  FIRST: { originating: true, forward_method: "@B@" }
  SECOND: { forward_method: "@A@" }
`;

let paths: Paths;
before(async () => {
  paths = await startPaths({ config, ports: 4 });
});
after(() => paths?.close());

const octets = "From: ann@example.com\r\nSubject: hi\r\n\r\nHello\r\n";

/** Port, client, envelope sender; the log's words, and the hop. */
const ways = [
  [0, "ADDR=10.1.2.3", "x@y.example", ", MYNETS LOCAL [10.1.2.3] <", "A"],
  [0, "ADDR=10.66.2.3", "x@y.example", "{RelayedInbound}, [10.66.2.3] <", "A"],
  [0, "ADDR=IPv6:2001:db8::7", "x@y.example", ", MYNETS LOCAL [", "A"],
  [0, "ADDR=IPv6:::ffff:10.1.2.3", "x@y.example", ", MYNETS LOCAL [", "A"],
  [0, "ADDR=192.0.2.1", "x@y.example", "{RelayedInbound}, [192.0.2.1] <", "A"],
  // Nobody said 0.0.0.0/8 here: mail of this host is not ours.
  [0, undefined, "ann@example.com", "{RelayedInbound}, <ann@example.com>", "A"],
  [0, "ADDR=[UNAVAILABLE]", "ann@example.com", "{RelayedInbound}, <ann@example.com>", "A"],
  [0, "ADDR=10.1.2.3", "ann@example.com", ", MYNETS/MYUSERS LOCAL [", "B"],
  [0, "ADDR=10.1.2.3", "ann@sub.example.com", ", MYNETS/MYUSERS LOCAL [", "B"],
  [0, "ADDR=10.1.2.3", "", ", MYNETS LOCAL [", "A"],
  [0, "ADDR=192.0.2.1", "ann@example.com", "{RelayedInbound}, [192.0.2.1] <", "A"],
  [1, "ADDR=192.0.2.1", "x@y.example", ", PARTNERS/NEAR/TRUSTED LOCAL [", "B"],
  [1, "ADDR=192.0.2.66", "x@y.example", ", PARTNERS/FAR [", "A"],
  [1, "ADDR=198.51.100.9", "x@y.example", ", PARTNERS/FAR [", "A"],
  [1, "ADDR=10.1.2.3", "x@y.example", ", PARTNERS [10.1.2.3] <", "A"],
  [2, "ADDR=192.0.2.1", "x@y.example", ", FIRST/SECOND LOCAL [", "A"],
] as const;

for (const [place, xforward, sender, path, wantedHop] of ways) {
  test(`port ${place}, client ${xforward ?? "unknown"}, from <${sender}>: ${path}`, async () => {
    const client = xforward === undefined ? {} : { xforward };
    const { reply, hop, log } = await paths.send({ octets, sender, ...client }, paths.ports[place]);
    assert.match(reply, /^250 /);
    assert.ok(log.includes(path), log);
    assert.equal(hop, wantedHop);
  });
}

for (const [title, commands, isOurs] of [
  ["nothing told", [], false],
  ["a refused command", ["XFORWARD ADDR=10.1.2.3 HELO=h+E9"], false],
  ["a refused command after the address", ["XFORWARD ADDR=10.1.2.3", "XFORWARD HELO=h+E9"], false],
  ["an address after a refused command", ["XFORWARD FOO=x", "XFORWARD ADDR=10.1.2.3"], false],
  ["no address, as Postfix says it", ["XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]"], true],
  ["mail by sendmail(1)", ["XFORWARD IDENT=4711 SOURCE=LOCAL"], true],
] as const) {
  test(`the whole world in mynetworks has clients that are told of, and no others: ${title}`, async () => {
    const client = await connected(paths.ports[3] ?? 0);
    for (const command of commands) await client.ask(command);
    const from = paths.daemon.lines.length;
    await submit(client, { data: octets, to: ["joe@example.com"] });
    const line = await paths.daemon.line(" mail_id: ", from);
    client.socket.end("QUIT\r\n");
    assert.equal(line.includes(", WORLD/MYNETS/MYUSERS LOCAL"), isOurs, line);
  });
}

test("the first client that nobody told of is warned of, with the line that is missing, and no other", () => {
  const warnings = paths.daemon.lines.filter((line) => line.includes("is not known"));
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.match(warnings[0] ?? "", /-o smtp_send_xforward_command=yes/);
});

test("the second mail of a connection has its own client or none, never the first one's", async () => {
  const client = await connected(paths.ports[0] ?? 0);
  const seen: string[] = [];
  for (const xforward of ["ADDR=10.1.2.3", undefined, "ADDR=192.0.2.9", undefined]) {
    const from = paths.daemon.lines.length;
    if (xforward !== undefined) await client.ask(`XFORWARD ${xforward}`);
    await submit(client, { data: octets, from: "x@y.example", to: ["joe@example.com"] });
    const line = await paths.daemon.line(" mail_id: ", from);
    seen.push(/\}, (.*?) ?<x@/.exec(line)?.[1] ?? line);
  }
  client.socket.end("QUIT\r\n");
  assert.deepEqual(seen, ["MYNETS LOCAL [10.1.2.3]", "", "[192.0.2.9]", ""]);
});

test("a mail that was given up leaves its client and its banks behind", async () => {
  const client = await connected(paths.ports[0] ?? 0);
  await client.ask("XFORWARD ADDR=10.1.2.3");
  await client.ask("MAIL FROM:<ann@example.com>");
  await client.ask("RSET");
  const from = paths.daemon.lines.length;
  await submit(client, { data: octets, to: ["joe@example.com"] });
  assert.match(await paths.daemon.line(" mail_id: ", from), /\{RelayedInbound\}, <alice@/);
  client.socket.end("QUIT\r\n");
});

test("a bank MYNETS is laid over what a match of mynetworks means, and may say otherwise", async () => {
  const own = await startPaths({
    ports: 2,
    config: `
myhostname: mail.example.com
mynetworks: [10.0.0.0/8]
inet_socket_port: [@0@, @1@]
inet_socket_bind: [127.0.0.1]
forward_method: "@A@"
interface_policy: { "@1@": OUTSIDE }
policy_bank:
  MYNETS: { forward_method: "@B@" }
  OUTSIDE: { client_ipaddr_policy: [{ networks: [10.0.0.0/8], banks: "MYNETS, NOT_OURS" }] }
  NOT_OURS: { originating: false }
`,
  });
  try {
    const mine = await own.send({ octets, xforward: "ADDR=10.1.2.3" });
    assert.match(mine.log, /, MYNETS LOCAL \[10\.1\.2\.3\]/);
    assert.equal(mine.hop, "B");
    const other = await own.send({ octets, xforward: "ADDR=10.1.2.3" }, own.ports[1]);
    assert.match(other.log, /, OUTSIDE\/MYNETS\/NOT_OURS \[10\.1\.2\.3\]/);
    assert.equal(other.hop, "B");
  } finally {
    await own.close();
  }
});
