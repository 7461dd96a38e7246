import assert from "node:assert/strict";
import { test } from "node:test";
import { lintProblems } from "../../../support/lint-problems.ts";

const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[]])[] = [
  ["a configuration that does something", {}, []],
  [
    "spam that is rejected behind the queue, but not of our own users",
    {
      final_spam_destiny: "D_REJECT",
      spam_scanners: [{ name: "SA", type: "spamd", address: "127.0.0.1:783" }],
      av_scanners: [{ name: "ClamAV", type: "clamd", address: "127.0.0.1:3310" }],
      interface_policy: { 10024: "A" },
      policy_bank: { A: { originating: true, final_virus_destiny: "D_REJECT" } },
    },
    [
      "note: final_spam_destiny: D_REJECT is for a filter before the queue; behind it Postfix makes a bounce, to a sender who may be forged",
    ],
  ],
  [
    "signing without a key",
    { enable_dkim_signing: true },
    ["warning: enable_dkim_signing: there is no key (dkim_keys, dkim_key_dir, dkim_keytable): nothing is signed"],
  ],
  [
    "signing where no mail is ours",
    { enable_dkim_signing: true, dkim_key_dir: "/keys", mynetworks: [] },
    ["warning: enable_dkim_signing: no mail counts as ours (originating in a bank, mynetworks): nothing is signed"],
  ],
  [
    "verification without local domains",
    { local_domains_maps: [] },
    [
      "warning: enable_dkim_verification: local_domains_maps is empty: no recipient is local, so nobody gets Authentication-Results",
    ],
  ],
  [
    "a port whose mail is not verified",
    { interface_policy: { "10024": "OFF" }, policy_bank: { OFF: { enable_dkim_verification: false } } },
    ["note: inet_socket_port[0]: mail that comes in by port 10024 is not verified: enable_dkim_verification is off"],
  ],
  [
    "authors who must sign, where no signature is looked at",
    {
      author_must_sign_maps: [{ "bank.example": true }],
      final_must_sign_destiny: "D_DISCARD",
      inet_socket_port: [10024, 10026, 10028],
      interface_policy: { "10026": "OFF", "10028": "OURS" },
      policy_bank: {
        OFF: { enable_dkim_verification: false },
        OURS: { originating: true, enable_dkim_verification: false },
      },
    },
    [
      "error: author_must_sign_maps: mail that comes in by port 10026 is not verified (enable_dkim_verification is off): no author there has signed",
      "note: inet_socket_port[1]: mail that comes in by port 10026 is not verified: enable_dkim_verification is off",
    ],
  ],
  [
    "a port that is spoken to in a protocol that is not ours",
    { interface_policy: { "10024": "P" }, policy_bank: { P: { protocol: "AM.PDP" } } },
    ["warning: inet_socket_port[0]: port 10024 stays closed: AM.PDP is not spoken here"],
  ],
  [
    "a port without a next hop",
    { forward_method: null },
    ["error: forward_method: mail that comes in by port 10024 has no next hop: all of it would be put off"],
  ],
  [
    "a next hop that a bank by client brings",
    {
      forward_method: null,
      client_ipaddr_policy: [{ networks: ["10.0.0.0/8"], banks: ["C"] }],
      policy_bank: { C: { forward_method: "smtp:[127.0.0.1]:10099" } },
    },
    [],
  ],
  [
    "a host name without a domain",
    { myhostname: "vm" },
    [
      'warning: myhostname: "vm" has no domain: Received, Authentication-Results and senders of notices carry it; set a full name',
    ],
  ],
  [
    "a refusal behind the queue",
    { final_dmarc_destiny: "D_REJECT", enable_dmarc_verification: true },
    [
      "note: final_dmarc_destiny: D_REJECT is for a filter before the queue; behind it Postfix makes a bounce, to a sender who may be forged",
    ],
  ],
  [
    "a milter refuses before the MTA has answered; mail of a client that has logged in is its own",
    {
      inet_socket_port: [],
      milter_listen: [{ address: "127.0.0.1:8893", bank: null }],
      mynetworks: [],
      enable_dkim_signing: true,
      dkim_key_dir: "/keys",
      final_dmarc_destiny: "D_REJECT",
      enable_dmarc_verification: true,
    },
    [],
  ],
  [
    "an identity outside of its domain",
    {
      dkim_keys: [{ domain: "example.com", selector: "a", file: "/a" }],
      dkim_signature_options_bysender_maps: [{ ".": { d: "example.com", i: "@other.example" } }],
    },
    [
      'warning: dkim_signature_options_bysender_maps[0]["."].i: @other.example lies outside of d=example.com: such a signature is not made',
    ],
  ],
  [
    "an identity outside of the author's domain",
    {
      dkim_keys: [{ domain: "example.com", selector: "a", file: "/a" }],
      dkim_signature_options_bysender_maps: [
        { "dan@example.com": { i: "x@other.test" }, "eve@example.com": { i: "e@sub.example.com" } },
      ],
    },
    [
      'warning: dkim_signature_options_bysender_maps[0]["dan@example.com"].i: x@other.test lies outside of example.com: no signature is made, unless another entry sets d= to a domain that has it',
    ],
  ],
];

for (const [name, settings, expected] of cases) {
  test(name, () => {
    assert.deepEqual(lintProblems(settings), expected);
  });
}
