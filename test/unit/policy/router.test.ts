// biome-ignore-all lint/suspicious/noTemplateCurlyInString: amavisd writes banners so
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListenerName, Session } from "../../../src/mail/transaction.ts";
import { direction, isLocal } from "../../../src/policy/router.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { client, port, type Setup, setUp, socket } from "./setup.ts";

const seedNetworks = ["0.0.0.0/8", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** The howto's three paths, as its YAML says it. */
const originating: BankOverlay = {
  originating: true,
  smtpd_discard_ehlo_keywords: ["8BITMIME"],
  forward_method: "smtp:[127.0.0.1]:10027",
  spam_admin_maps: ["spamalert@example.com"],
  virus_admin_maps: ["virusalert@example.com"],
  banned_filename_maps: ["ALT-RULES"],
  spam_quarantine_cutoff_level_maps: [],
  spam_dsn_cutoff_level_maps: [],
  spam_dsn_cutoff_level_bysender_maps: [{ ".example.com": null, ".": 15 }],
};
const nochecks: BankOverlay = {
  originating: true,
  forward_method: "smtp:[127.0.0.1]:10025",
  smtpd_greeting_banner: "${helo-name} ${protocol} ${product} NOCHECKS service ready",
  mynetworks_maps: [],
  bypass_decode_parts: true,
  bypass_header_checks_maps: [1],
  bypass_virus_checks_maps: [1],
  bypass_spam_checks_maps: [1],
  bypass_banned_checks_maps: [1],
  spam_lovers_maps: [1],
  banned_files_lovers_maps: [1],
  archive_quarantine_to_maps: [],
  remove_existing_x_scanned_headers: false,
  remove_existing_spam_headers: false,
  signed_header_fields: { sender: 1 },
};
const howto: Setup = {
  base: { mynetworks_maps: [seedNetworks], local_domains_maps: [[".example.com"]] },
  banks: { ORIGINATING: originating, NOCHECKS: nochecks },
  interfaces: { "10026": ["ORIGINATING"], "10028": ["NOCHECKS"] },
};

interface RouteCase {
  readonly title: string;
  readonly setup: Setup;
  readonly listener?: ListenerName;
  readonly client?: string;
  readonly sender?: string;
  readonly path: string;
  readonly why?: readonly (readonly [bank: string, why: string, key: string, origin?: string])[];
  readonly originating: boolean;
}

const routes: readonly RouteCase[] = [
  {
    title: "foreign mail on the plain port stays in the base bank",
    setup: howto,
    client: "203.0.113.9",
    path: "",
    why: [],
    originating: false,
  },
  {
    title: "a client of mynetworks makes mail ours although no bank MYNETS exists",
    setup: howto,
    client: "192.168.1.5",
    path: "MYNETS",
    why: [["MYNETS", "client-network", "192.168.0.0/16", "mynetworks_maps.0.4"]],
    originating: true,
  },
  {
    title: "an unknown client is 0.0.0.0, which the howto counts among its own",
    setup: howto,
    path: "MYNETS",
    why: [["MYNETS", "client-network", "0.0.0.0/8", "mynetworks_maps.0.0"]],
    originating: true,
  },
  {
    title: "an unknown client is foreign where mynetworks has no 0.0.0.0",
    setup: { base: { mynetworks_maps: [["127.0.0.0/8", "10.0.0.0/8"]] } },
    path: "",
    originating: false,
  },
  {
    title: "the port loads its bank before the client does",
    setup: howto,
    listener: port(10026),
    client: "10.1.2.3",
    path: "ORIGINATING/MYNETS",
    why: [
      ["ORIGINATING", "port", "10026", "interface_policy.10026"],
      ["MYNETS", "client-network", "10.0.0.0/8", "mynetworks_maps.0.2"],
    ],
    originating: true,
  },
  {
    title: "NOCHECKS keeps MYNETS away by an empty mynetworks_maps",
    setup: howto,
    listener: port(10028),
    client: "10.1.2.3",
    path: "NOCHECKS",
    originating: true,
  },
  {
    title: "a listener's bank makes mail of any client ours",
    setup: howto,
    listener: port(10026),
    client: "203.0.113.9",
    path: "ORIGINATING",
    originating: true,
  },
  {
    title: "address:port comes after port and wins",
    setup: {
      banks: { A: { originating: true }, B: { originating: false }, C: {} },
      interfaces: { "10026": ["A"], "127.0.0.2:10026": ["B", "C"] },
    },
    listener: port(10026, "127.0.0.2"),
    path: "A/B/C",
    why: [
      ["A", "port", "10026", "interface_policy.10026"],
      ["B", "address-port", "127.0.0.2:10026", "interface_policy.127.0.0.2:10026"],
      ["C", "address-port", "127.0.0.2:10026", "interface_policy.127.0.0.2:10026"],
    ],
    originating: false,
  },
  {
    title: "address:port of another address is not meant",
    setup: { banks: { B: {} }, interfaces: { "127.0.0.2:10026": ["B"] } },
    listener: port(10026, "127.0.0.3"),
    path: "",
    originating: false,
  },
  {
    title: "an IPv6 listener is named with brackets",
    setup: { banks: { B: {} }, interfaces: { "[::1]:10026": ["B"] } },
    listener: port(10026, "::1"),
    path: "B",
    originating: false,
  },
  {
    title: "a unix socket loads SOCK, then its path, and no port",
    setup: { banks: { S: {}, P: {}, Z: {} }, interfaces: { SOCK: ["S"], "/run/a.sock": ["P"], "0": ["Z"] } },
    listener: socket("/run/a.sock"),
    path: "S/P",
    why: [
      ["S", "socket", "SOCK", "interface_policy.SOCK"],
      ["P", "socket", "/run/a.sock", "interface_policy./run/a.sock"],
    ],
    originating: false,
  },
  {
    title: "client_ipaddr_policy replaces mynetworks: the first table that holds the client loads all its banks",
    setup: {
      base: {
        mynetworks_maps: [["10.0.0.0/8"]],
        client_ipaddr_policy: [
          { networks: ["!10.1.0.0/16", "10.0.0.0/8"], banks: ["MYNETS", "LAN"] },
          { networks: ["10.1.0.0/16"], banks: ["GUESTS"] },
        ],
      },
      banks: { LAN: {}, GUESTS: {} },
    },
    client: "10.2.0.1",
    path: "MYNETS/LAN",
    originating: true,
  },
  {
    title: "client_ipaddr_policy goes on after a table that says no",
    setup: {
      base: {
        client_ipaddr_policy: [
          { networks: ["!10.1.0.0/16", "10.0.0.0/8"], banks: ["MYNETS", "LAN"] },
          { networks: ["10.1.0.0/16"], banks: ["GUESTS"] },
        ],
      },
      banks: { LAN: {}, GUESTS: {} },
    },
    client: "10.1.0.1",
    path: "GUESTS",
    why: [["GUESTS", "client-network", "10.1.0.0/16", "client_ipaddr_policy.1.networks.0"]],
    originating: false,
  },
  {
    title: "the bank MYNETS has the last word on originating",
    setup: { base: { mynetworks_maps: [["10."]] }, banks: { MYNETS: { originating: false } } },
    client: "10.1.0.1",
    path: "MYNETS",
    originating: false,
  },
  {
    title: "an exception in mynetworks holds",
    setup: { base: { mynetworks_maps: [["!10.1.", "10."]] } },
    client: "10.1.0.1",
    path: "",
    originating: false,
  },
  {
    title: "MYUSERS loads for originating mail of a local sender",
    setup: { ...howto, banks: { ...howto.banks, MYUSERS: {} } },
    listener: port(10026),
    client: "203.0.113.9",
    sender: "Joe@Sub.Example.COM",
    path: "ORIGINATING/MYUSERS",
    why: [
      ["ORIGINATING", "port", "10026", "interface_policy.10026"],
      ["MYUSERS", "local-sender", ".example.com", "local_domains_maps.0.0"],
    ],
    originating: true,
  },
  ...[
    { title: "not for a foreign sender", sender: "joe@elsewhere.test", listener: port(10026) },
    { title: "not for the null sender", sender: "", listener: port(10026) },
  ].map(({ title, sender, listener }) => ({
    title: `MYUSERS: ${title}`,
    setup: { ...howto, banks: { ...howto.banks, MYUSERS: {} } },
    client: "203.0.113.9",
    sender,
    listener,
    path: "ORIGINATING",
    originating: true,
  })),
  {
    title: "MYUSERS: not for mail that is not ours, whatever its sender says",
    setup: { ...howto, banks: { ...howto.banks, MYUSERS: { originating: true } } },
    client: "203.0.113.9",
    sender: "joe@example.com",
    path: "",
    originating: false,
  },
  {
    title: "a bank that was loaded last is not loaded again",
    setup: { banks: { A: {}, B: {} }, interfaces: { "10024": ["A", "A", "B", "A"] } },
    path: "A/B/A",
    client: "203.0.113.9",
    originating: false,
  },
  {
    title: "a bank that does not exist is left out",
    setup: { banks: { A: {} }, interfaces: { "10024": ["X", "A"] } },
    client: "203.0.113.9",
    path: "A",
    originating: false,
  },
  {
    title: "a bank may be named like something JavaScript knows",
    setup: { banks: { constructor: { originating: true } }, interfaces: { "10024": ["constructor", "toString"] } },
    client: "203.0.113.9",
    path: "constructor",
    originating: true,
  },
];

for (const {
  title,
  setup,
  listener = port(10024),
  client: address,
  sender = "",
  path,
  why,
  originating: ours,
} of routes) {
  test(title, () => {
    const router = setUp(setup);
    assert.deepEqual(router.problems, []);
    const bank = router.atMail(router.atConnect(listener), client(address), sender);
    assert.equal(bank.path, path);
    assert.equal(bank.originating, ours);
    if (why !== undefined) {
      assert.deepEqual(
        bank.loaded.map((it) => [it.bank, it.why, it.key, ...(it.origin === undefined ? [] : [it.origin])]),
        why,
      );
    }
  });
}

test("the next mail of a connection starts from the listener's bank again", () => {
  const router = setUp(howto);
  const connection = router.atConnect(port(10024));
  assert.equal(router.atMail(connection, client("10.0.0.1"), "").path, "MYNETS");
  assert.equal(router.atMail(connection, client("203.0.113.9"), "").path, "");
  assert.equal(connection.originating, false);
});

test("banks are made once and shared", () => {
  const router = setUp(howto);
  const first = router.atMail(router.atConnect(port(10026)), client("10.0.0.1"), "");
  const second = router.atMail(router.atConnect(port(10026)), client("10.9.9.9"), "");
  assert.equal(first, second);
  assert.equal(first.local_domains_maps, router.base.local_domains_maps);
});

test("the howto's ORIGINATING, key by key", () => {
  const { base, atConnect } = setUp(howto);
  const bank = atConnect(port(10026));
  assert.deepEqual(bank.smtpd_discard_ehlo_keywords, ["8BITMIME"]);
  assert.equal(bank.forward_method, "smtp:[127.0.0.1]:10027");
  assert.equal(bank.spam_admin_maps.first("anyone@x.test")?.value, "spamalert@example.com");
  assert.equal(bank.virus_admin_maps.first("anyone@x.test")?.value, "virusalert@example.com");
  assert.deepEqual(base.banned_filename_maps.first("a@example.com")?.value, [{ name: "DEFAULT", tables: [] }]);
  assert.deepEqual(bank.banned_filename_maps.first("a@example.com")?.value, [{ name: "ALT-RULES", tables: [] }]);
  assert.equal(bank.spam_quarantine_cutoff_level_maps.first("a@example.com"), undefined);
  const bySender = bank.spam_dsn_cutoff_level_bysender_maps;
  assert.equal(bySender.first("joe@sub.example.com"), undefined);
  assert.deepEqual(bySender.first("joe@elsewhere.test"), {
    value: 15,
    key: ".",
    origin: "policy_bank.ORIGINATING.spam_dsn_cutoff_level_bysender_maps.0..",
  });
  assert.equal(bank.notify_method, base.notify_method, "what the bank does not name stays");
});

test("the howto's NOCHECKS, key by key", () => {
  const { base, atConnect } = setUp(howto);
  const bank = atConnect(port(10028));
  assert.equal(bank.originating, true);
  assert.equal(bank.forward_method, "smtp:[127.0.0.1]:10025");
  assert.equal(bank.smtpd_greeting_banner, "${helo-name} ${protocol} ${product} NOCHECKS service ready");
  assert.equal(base.mynetworks_maps.contains("10.0.0.1")?.value, true);
  assert.equal(bank.mynetworks_maps.contains("10.0.0.1"), undefined);
  assert.equal(bank.bypass_decode_parts, true);
  for (const map of [
    bank.bypass_header_checks_maps,
    bank.bypass_virus_checks_maps,
    bank.bypass_spam_checks_maps,
    bank.bypass_banned_checks_maps,
    bank.spam_lovers_maps,
    bank.banned_files_lovers_maps,
  ]) {
    assert.equal(map.first("anyone@anywhere.test")?.value, true);
  }
  assert.equal(base.archive_quarantine_to_maps.first("a@b")?.value, "archive-quarantine");
  assert.equal(bank.archive_quarantine_to_maps.first("a@b"), undefined);
  assert.equal(bank.remove_existing_x_scanned_headers, false);
  assert.equal(bank.remove_existing_spam_headers, false);
  // The hash is merged: Sender is signed too, and nothing else changes.
  assert.deepEqual(bank.signed_header_fields, { ...base.signed_header_fields, sender: 1 });
});

test("a hash is merged by key, and REPLACE discards the old one", () => {
  const { atConnect } = setUp({
    base: { signed_header_fields: { from: 2, to: 1 }, local_delivery_aliases: { a: 1, b: 2 } },
    banks: {
      MERGE: { signed_header_fields: { to: 0, sender: 1 } },
      FRESH: { signed_header_fields: { REPLACE: 1, from: 1 }, local_delivery_aliases: { REPLACE: true } },
    },
    interfaces: { "1": ["MERGE"], "2": ["MERGE", "FRESH"], "3": ["FRESH", "MERGE"] },
  });
  assert.deepEqual(atConnect(port(1)).signed_header_fields, { from: 2, to: 0, sender: 1 });
  assert.deepEqual(atConnect(port(2)).signed_header_fields, { from: 1 });
  assert.deepEqual(atConnect(port(2)).local_delivery_aliases, {});
  assert.deepEqual(atConnect(port(3)).signed_header_fields, { from: 1, to: 0, sender: 1 });
});

test("a list replaces: maps of two banks are never joined", () => {
  const { atConnect } = setUp({
    base: { spam_lovers_maps: [["a@x.test"]] },
    banks: { B: { spam_lovers_maps: [["b@x.test"]] } },
    interfaces: { "1": ["B"] },
  });
  assert.equal(atConnect(port(1)).spam_lovers_maps.first("a@x.test"), undefined);
  assert.equal(atConnect(port(1)).spam_lovers_maps.first("b@x.test")?.value, true);
});

test("a bank's recipient_delimiter holds for the maps of the base too", () => {
  const { atConnect } = setUp({
    base: { spam_lovers_maps: [{ "joe@x.test": true }] },
    banks: { PLUS: { recipient_delimiter: "+" }, CASE: { localpart_is_case_sensitive: true } },
    interfaces: { "1": ["PLUS"], "2": ["CASE"], "3": ["PLUS", "CASE"] },
  });
  const loves = (number: number, address: string) => atConnect(port(number)).spam_lovers_maps.first(address)?.value;
  assert.equal(loves(0, "joe+x@x.test"), undefined);
  assert.equal(loves(1, "joe+x@x.test"), true);
  assert.equal(loves(1, "JOE+x@x.test"), true);
  assert.equal(loves(2, "JOE@x.test"), undefined);
  assert.equal(loves(3, "joe+x@x.test"), true);
  assert.equal(loves(3, "JOE+x@x.test"), undefined);
});

test("the direction of a mail is told per recipient", () => {
  const router = setUp(howto);
  const outgoing = router.atConnect(port(10026));
  const incoming = router.atConnect(port(10024));
  assert.equal(direction(outgoing, "a@example.com"), "Internal");
  assert.equal(direction(outgoing, "a@elsewhere.test"), "Outbound");
  assert.equal(direction(incoming, "a@sub.EXAMPLE.com."), "Inbound");
  assert.equal(direction(incoming, "a@elsewhere.test"), "OpenRelay");
  assert.equal(isLocal(incoming, "a@example.com.evil.test"), false);
  assert.equal(isLocal(incoming, "a@example\u3002com"), false, "octets are not text");
  assert.equal(isLocal(incoming, "postmaster"), false);
});

test("what is wrong in a bank's map is told once, with its place", () => {
  const { problems } = setUp({
    base: { local_domains_maps: [{ regexp: ["("] }] },
    banks: {
      A: {
        recipient_delimiter: "+",
        spam_tag_level_maps: ["much"],
        author_to_policy_bank_maps: [{ ".x.test": "NOPE,A" }],
      },
      B: { score_sender_maps: [{ ".": [{ "a@b": "x" }] }], mynetworks_maps: [["10.0.0.0/99"]] },
      C: { client_ipaddr_policy: [{ networks: ["nonsense"], banks: [] }] },
    },
  });
  assert.deepEqual(
    problems.map(({ path }) => path.join(".")),
    [
      "local_domains_maps.0.regexp.0",
      "policy_bank.A.author_to_policy_bank_maps.0..x.test",
      "policy_bank.A.spam_tag_level_maps.0",
      "policy_bank.B.score_sender_maps.0...0.a@b",
      "policy_bank.B.mynetworks_maps.0.0",
      "policy_bank.C.client_ipaddr_policy.0.networks.0",
    ],
  );
  assert.match(problems[1]?.message ?? "", /NOPE/);
});

const byMta: readonly (readonly [title: string, session: Partial<Session>, banks: readonly string[], path: string])[] =
  [
    ["a daemon's name that is a bank's loads it", { daemonName: "submission" }, ["submission"], "submission"],
    ["any other name loads nothing", { daemonName: "smtpd" }, ["submission"], ""],
    ["MYNETS is not the MTA's to name", { daemonName: "MYNETS" }, ["MYNETS"], ""],
    ["a login loads ORIGINATING", { authenticated: true }, ["ORIGINATING"], "ORIGINATING"],
    ["without such a bank it makes mail originating all the same", { authenticated: true }, [], "MYNETS"],
    [
      "a daemon whose bank makes mail ours needs no login",
      { daemonName: "submission", authenticated: true },
      ["submission", "ORIGINATING"],
      "submission",
    ],
  ];

for (const [title, session, names, path] of byMta) {
  test(title, () => {
    const banks = Object.fromEntries(names.map((name) => [name, { originating: true }]));
    const router = setUp({ base: { mynetworks_maps: [["192.0.2.0/24"]] }, banks });
    const bank = router.atMail(router.base, { client: { address: "203.0.113.7" }, ...session }, "a@example.com");
    assert.equal(bank.path, path);
    assert.equal(bank.originating, path !== "");
  });
}

test("the bank that milter_listen names is the one its mail starts with", () => {
  const router = setUp({ base: {}, banks: { SIGN: { originating: true } } });
  assert.equal(router.atConnect({ address: "127.0.0.1", port: 8891, bank: "SIGN" }).path, "SIGN");
  assert.equal(router.atConnect({ address: "", port: 0, path: "/run/m.sock", bank: "SIGN" }).path, "SIGN");
});
