import assert from "node:assert/strict";
import { test } from "node:test";
import { amavisSpamScanner, amavisVirusScanner, isEmbeddedSpamAssassin } from "../../../src/settings/amavis-scanner.ts";

const clamd = (address: string) => ({ scanner: { name: "ClamAV", type: "clamd", address } });

test("what amavisd says to a clamd, by files or by stream, means that clamd", () => {
  const args: readonly (readonly [readonly unknown[], string])[] = [
    [["CONTSCAN {}\n", "/var/run/clamav/clamd.ctl"], "/var/run/clamav/clamd.ctl"],
    [["MULTISCAN {}\n", "127.0.0.1:3310"], "127.0.0.1:3310"],
    [["nCONTSCAN {}\n", ["127.0.0.1:3310"]], "127.0.0.1:3310"],
    [["INSTREAM", "[::1]:3310"], "[::1]:3310"],
    [["*", "clamd:127.0.0.1:3310"], "127.0.0.1:3310"],
    [["*", "clamd:/run/clamav/clamd.ctl"], "/run/clamav/clamd.ctl"],
    [["*", "clamd:3310"], "127.0.0.1:3310"],
  ];
  for (const [given, address] of args)
    assert.deepEqual(amavisVirusScanner(["ClamAV", "&ask_daemon", given, null, null, null]), clamd(address));
});

test("any other is refused by its name", () => {
  const entries: readonly (readonly unknown[])[] = [
    ["ClamAV-clamscan", "clamscan", "--stdout {}", [0], [1]],
    ["avast", ["/usr/bin/avastcmd", "avastcmd"], "-a {}", [0], [1]],
    ["Sophie", "&ask_daemon", ["{}/\n", "/var/run/sophie"]],
    ["Savi", "&sophos_savi"],
    ["Perl", null],
    ["Two", "&ask_daemon", ["CONTSCAN {}\n", ["127.0.0.1:3310", "127.0.0.2:3310"]]],
    ["NoPlace", "&ask_daemon", ["CONTSCAN {}\n"]],
    ["NoArgs", "&ask_daemon"],
    ["Options", "&ask_daemon", ["CONTSCAN {}\n", "/run/clamd.ctl", "more"]],
  ];
  for (const entry of entries) {
    const found = amavisVirusScanner(entry);
    assert.ok("fault" in found && found.fault.startsWith(`the virus scanner "${String(entry[0])}"`), String(entry[0]));
  }
});

test("spam scanners by their module, with the options that mean the same here", () => {
  const options = ["score_factor", 0.5, "mail_body_size_limit", 65_536, "mta_name", "mail.example.com"];
  assert.deepEqual(amavisSpamScanner(["S", "Amavis::SpamControl::SpamdClient", ...options]), {
    scanner: { name: "S", type: "spamd", score_factor: 0.5, mail_body_size_limit: 65_536 },
  });
  assert.deepEqual(amavisSpamScanner(["S", "Amavis::SpamControl::SpamAssassin"]), {
    scanner: { name: "S", type: "spamd" },
  });
  for (const [url, address] of Object.entries({
    "http://127.0.0.1:11333/checkv2": "127.0.0.1:11333",
    "http://rspamd.example.com/checkv2": "rspamd.example.com:80",
    "http://[::1]:11333/": "[::1]:11333",
  }))
    assert.deepEqual(amavisSpamScanner(["R", "Amavis::SpamControl::RspamdClient", "url", url, "timeout", 42]), {
      scanner: { name: "R", type: "rspamd", address, timeout: 42 },
    });
});

test("what cannot be had is refused by its name", () => {
  const entries: readonly (readonly unknown[])[] = [
    ["CRM114", "Amavis::SpamControl::ExtProg", "crm"],
    ["R", "Amavis::SpamControl::RspamdClient", "url", "https://rspamd.example.com/checkv2"],
    ["R", "Amavis::SpamControl::RspamdClient", "url", "http://u:p@rspamd.example.com/checkv2"],
    ["R", "Amavis::SpamControl::RspamdClient", "ssl_opts", {}],
    ["S", "Amavis::SpamControl::SpamdClient", "url", "http://127.0.0.1/"],
    ["S", "Amavis::SpamControl::SpamdClient", 1],
  ];
  for (const entry of entries) {
    const found = amavisSpamScanner(entry);
    assert.ok("fault" in found && found.fault.startsWith(`the spam scanner "${String(entry[0])}"`), String(entry));
  }
});

test("knows the scanner that amavisd runs within itself", () => {
  assert.ok(isEmbeddedSpamAssassin(["S", "Amavis::SpamControl::SpamAssassin"]));
  assert.ok(!isEmbeddedSpamAssassin(["S", "Amavis::SpamControl::SpamdClient"]));
  assert.ok(!isEmbeddedSpamAssassin({ type: "spamd" }));
});
