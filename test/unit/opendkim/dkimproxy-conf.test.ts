import assert from "node:assert/strict";
import { test } from "node:test";
import { writeYaml } from "../../../src/amavis/write-yaml.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { readDkimproxyConf } from "../../../src/opendkim/dkimproxy-conf.ts";

const senderMap = `# by sender
jason@long.name        dkim(d=example.com, s=other, key=/etc/other.key)
widget.example         domainkeys
example.org            domainkeys(c=nofws), dkim(c=simple, a=rsa-sha256)
`;

function read(text: string, name = "/etc/dkimproxy_out.conf") {
  return readDkimproxyConf(name, (path) => {
    if (path === name) return text;
    if (path === "/etc/sender_map") return senderMap;
    throw new Error(`${path}: no such file`);
  });
}

const out = `listen    127.0.0.1:10027
relay     127.0.0.1:10028
domain    example.org,example.net
signature dkim(c=relaxed)
signature domainkeys(c=nofws)
keyfile   /etc/private.key
selector  selector1
min_servers 5
user dkim
group dkim
`;

test("takes dkimproxy_out.conf, each domain with its own signature", () => {
  const { settings, problems } = read(out);
  assert.deepEqual(settings, {
    inet_socket_port: [10027],
    inet_socket_bind: ["127.0.0.1"],
    forward_method: "smtp:[127.0.0.1]:10028",
    notify_method: "smtp:[127.0.0.1]:10028",
    daemon_user: "dkim",
    daemon_group: "dkim",
    originating: true,
    mynetworks_maps: [],
    enable_dkim_signing: true,
    enable_dkim_verification: false,
    dkim_keys: [
      { domain: "example.org", selector: "selector1", file: "/etc/private.key" },
      { domain: "example.net", selector: "selector1", file: "/etc/private.key" },
    ],
    dkim_signature_options_bysender_maps: [
      {
        ".example.org": { d: "example.org", s: "selector1", c: "relaxed/simple" },
        ".example.net": { d: "example.net", s: "selector1", c: "relaxed/simple" },
      },
    ],
  });
  assert.deepEqual(
    problems.map(({ severity, place }) => `${severity} ${place?.line}`),
    ["note 8", "warning 5"],
  );
});

test("one domain signs for everybody", () => {
  const { settings } = read(out.replace(",example.net", ""));
  assert.deepEqual(settings["dkim_signature_options_bysender_maps"], [
    { ".": { d: "example.org", s: "selector1", c: "relaxed/simple" } },
  ]);
});

test("takes the sender map: addresses, domains, keys of their own", () => {
  const { settings } = read(`keyfile /etc/private.key\nselector s1\nsender_map /etc/sender_map\n`);
  assert.deepEqual(settings["dkim_keys"], [
    { domain: "example.com", selector: "other", file: "/etc/other.key" },
    { domain: "example.org", selector: "s1", file: "/etc/private.key" },
  ]);
  assert.deepEqual(settings["dkim_signature_options_bysender_maps"], [
    {
      "jason@long.name": { d: "example.com", s: "other", c: "relaxed/simple" },
      ".example.org": { d: "example.org", s: "s1", c: "simple/simple" },
    },
  ]);
});

test("takes dkimproxy_in.conf as a port that verifies", () => {
  const { settings } = read("listen 10025\nrelay 127.0.0.1:10026\nhostname mx.example.com\n", "/etc/dkimproxy_in.conf");
  assert.deepEqual(
    [
      settings["originating"],
      settings["enable_dkim_verification"],
      settings["enable_dkim_signing"],
      settings["myauthservid"],
    ],
    [false, true, false, "mx.example.com"],
  );
});

for (const [text, message] of [
  ["relai 127.0.0.1:1", /unknown option relai/],
  ["listen nowhere", /listen: expected address:port/],
  ["sender_map /nowhere", /sender_map: \/nowhere: no such file/],
  ["domain example.org", /^$/],
  ["signature dkim\ndomain example.org", /needs selector and keyfile/],
  ["reject_fail", /reject_fail: mail is not refused/],
] as const) {
  test(`says of ${JSON.stringify(text)} what it is`, () => {
    const errors = read(text).problems.flatMap((each) => (each.severity === "error" ? each.message : []));
    assert.ok(
      message.source === "^$" ? errors.length === 0 : errors.some((each) => message.test(each)),
      errors.join("\n"),
    );
  });
}

const keyed = "keyfile /k\nselector s\ndomain example.com,example.org\n";

for (const [text, expected] of [
  [`${keyed}signature dkim(c=relaxed)\nmethod simple`, ["note 5: method: of no effect, each signature has its c"]],
  [`${keyed}signature dkim\nmethod simple`, []],
  ["method simple", ["note 1: method: of no effect in a file that signs nothing"]],
  ["selector s", ["note 1: selector: of no effect in a file that signs nothing"]],
  ["domain example.org", ["note 1: domain: of no effect in a file that signs nothing"]],
  [
    `${keyed}signature dkim(c=relaxed)\nsignature domainkeys(c=nofws)`,
    ["warning 5: domainkeys signatures (RFC 4870) are not made"],
  ],
  [`${keyed}signature dkim(a=rsa-sha1)`, ["warning 4: rsa-sha1 is not made (RFC 8301): rsa-sha256 is"]],
  [`${keyed}signature dkim(x=7)`, ["error 4: x: a signature has a, c, d, i, key and s"]],
] as const) {
  test(`says of each line of ${JSON.stringify(text)} what becomes of it, once`, () => {
    const said = read(text).problems.map(({ severity, message, place }) => `${severity} ${place?.line}: ${message}`);
    assert.deepEqual(said, expected);
  });
}

test("a signature's i= is taken", () => {
  const { settings } = read(
    "keyfile /k\nselector s\ndomain example.com\nsignature dkim(c=relaxed,i=@list.example.com)",
  );
  assert.deepEqual(settings["dkim_signature_options_bysender_maps"], [
    { ".": { d: "example.com", s: "s", c: "relaxed/simple", i: "@list.example.com" } },
  ]);
});

test("what is written can be read", async () => {
  const text = writeYaml(read(out), ["dkimproxy_out.conf"]);
  const { problems } = await loadConfig("/etc/signpost.yaml", { files: { read: () => text, glob: (name) => [name] } });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
});
