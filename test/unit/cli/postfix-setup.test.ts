// What `signpost postfix` makes is what docs/postfix.md says, line by line.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Change,
  type PostfixNow,
  postconfArguments,
  type Setup,
  SetupError,
  setupChanges,
} from "../../../src/cli/postfix-setup.ts";
import type { Config } from "../../../src/config/config.ts";
import { disk, loadConfig } from "../../../src/config/load.ts";
import { fronts } from "../../../src/reading/fronts.ts";
import { documentBlocks } from "../../support/document-blocks.ts";

const example = readFileSync(join(import.meta.dirname, "../../../examples/signpost.yaml"), "utf8");
const fresh: PostfixNow = { parameters: {}, entrance: "smtp/inet" };

async function configOf(text: string): Promise<Config> {
  const { config, problems } = await loadConfig("x.yaml", { files: { ...disk, read: () => text }, fronts });
  assert.ok(config, JSON.stringify(problems));
  return config;
}

/** "name = value" and services with their options, whatever the blanks. */
function normal(text: string): readonly string[] {
  const logical = text.replaceAll(/^#.*\n/gm, "").replaceAll(/\n[ \t]+/g, " ");
  const lines = logical.split("\n").map((line) => line.trim().replaceAll(/\s+/g, " "));
  return lines.filter((line) => line !== "").sort();
}

function changesOf<Kind extends Change["kind"]>(changes: readonly Change[], kind: Kind) {
  return changes.filter((change): change is Extract<Change, { kind: Kind }> => change.kind === kind);
}

test("the content filter is the blocks of docs/postfix.md", async () => {
  const blocks = await documentBlocks("postfix.md");
  const changes = setupChanges("filter", await configOf(example), fresh);
  const parameters = changesOf(changes, "parameter").map(({ name, value }) => `${name} = ${value}`);
  assert.deepEqual(parameters.sort(), normal(blocks("main.cf")));
  const services = changesOf(changes, "service").map((change) => postconfArguments(change)[1]?.replace(/^[^=]*=/, ""));
  assert.deepEqual(services.sort(), normal(blocks("master.cf")));
  for (const { name, text } of changesOf(changes, "file")) assert.equal(text, `${blocks(name)}\n`);
});

test("the milter is the block of docs/milter.md, beside milters that are there", async () => {
  const config = await configOf(`${example}milter_listen: [{ address: "127.0.0.1:8891" }]\n`);
  const lines = (now: PostfixNow) =>
    changesOf(setupChanges("milter", config, now), "parameter").map(({ name, value }) => `${name} = ${value}`);
  const blocks = await documentBlocks("milter.md");
  assert.deepEqual(lines(fresh).sort(), normal(blocks("main.cf")));
  const beside = lines({ ...fresh, parameters: { smtpd_milters: "inet:127.0.0.1:11332" } });
  assert.equal(beside[0], "smtpd_milters = inet:127.0.0.1:11332, inet:127.0.0.1:8891");
});

test("before the queue, the service from outside gets options", async () => {
  const changes = setupChanges("proxy", await configOf(example), { ...fresh, entrance: "smtpd/pass" });
  assert.deepEqual(changesOf(changes, "option").map(postconfArguments), [
    ["-P", "smtpd/pass/smtpd_proxy_filter=127.0.0.1:10024"],
    ["-P", "smtpd/pass/smtpd_proxy_options=speed_adjust"],
    ["-P", "smtpd/pass/smtpd_proxy_timeout=600s"],
    ["-P", "smtpd/pass/content_filter="],
  ]);
});

test("restrictions that are there go on and come first", async () => {
  const old = "reject_sender_login_mismatch,\n permit_mynetworks,";
  const now = { ...fresh, parameters: { smtpd_sender_restrictions: old } };
  const [change] = changesOf(setupChanges("filter", await configOf(example), now), "parameter");
  assert.match(change?.value ?? "", /^reject_sender_login_mismatch,\s+permit_mynetworks, check_sender_access regexp:/);
});

for (const [setup, text, complaint] of [
  ["milter", example, /milter_listen is not set/],
  ["filter", example.replace("[10024, 10026, 10028]", "[10026]"), /no port without a bank/],
  ["filter", example.replace('"10026": ORIGINATING', '"10026": NOCHECKS'), /gives no port .* ORIGINATING/],
  [
    "filter",
    example.replace("inet_socket_bind: [127.0.0.1]", "inet_socket_bind: [192.0.2.1]"),
    /no address of this machine/,
  ],
  ["filter", example.replaceAll("smtp:[127.0.0.1]:10025", "lmtp:/run/dovecot/lmtp"), /forward_method is no "smtp:/],
] as readonly (readonly [Setup, string, RegExp])[]) {
  test(`says what the configuration lacks: ${complaint.source}`, async () => {
    const config = await configOf(text);
    assert.throws(
      () => setupChanges(setup, config, fresh),
      (error) => error instanceof SetupError && complaint.test(error.message),
    );
  });
}
