import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../../src/cli/command.ts";
import { gened25519 } from "../../../src/cli/gened25519.ts";
import { genrsa } from "../../../src/cli/genrsa.ts";
import { folderFor, run } from "./run.ts";

/** A daemon that stays who it is: nobody else is to read its keys. */
function rootConfig(folder: string): string {
  writeFileSync(join(folder, "signpost.yaml"), `daemon_user: "${process.getuid?.() ?? 0}"\ndaemon_group: "0"\n`);
  return "signpost.yaml";
}

test("genrsa writes 2048 bits as PKCS#8, for its owner alone", async (t) => {
  const folder = folderFor(t);
  const said = await run(genrsa, ["--config", rootConfig(folder), "a.pem"], folder);
  assert.deepEqual(said, {
    code: 0,
    stdout: "",
    stderr: 'Private RSA key successfully written to file "a.pem" (2048 bits, PEM format) \n',
  });
  const pem = readFileSync(join(folder, "a.pem"), "utf8");
  assert.ok(pem.startsWith("-----BEGIN PRIVATE KEY-----\n"));
  assert.equal(createPrivateKey(pem).asymmetricKeyDetails?.modulusLength, 2048);
  assert.equal(statSync(join(folder, "a.pem")).mode & 0o777, 0o600);
});

test("gened25519 writes an Ed25519 key the same way", async (t) => {
  const folder = folderFor(t);
  const said = await run(gened25519, ["--config", rootConfig(folder), "e.pem"], folder);
  assert.equal(said.code, 0);
  assert.equal(said.stderr, 'Private Ed25519 key successfully written to file "e.pem" (PEM format) \n');
  assert.equal(createPrivateKey(readFileSync(join(folder, "e.pem"))).asymmetricKeyType, "ed25519");
  assert.equal(statSync(join(folder, "e.pem")).mode & 0o777, 0o600);
});

test("short RSA keys are made with a word of warning", async (t) => {
  const said = await run(genrsa, ["a.pem", "1024"], folderFor(t));
  assert.equal(said.code, 0);
  assert.match(said.stderr, /^INFO: RFC 8301 states/);
});

test("a file that is there is never touched, and no link is followed", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "a.pem"), "precious");
  symlinkSync(join(folder, "elsewhere"), join(folder, "link.pem"));
  for (const file of ["a.pem", "link.pem"]) {
    for (const [name, command] of [
      ["genrsa", genrsa],
      ["gened25519", gened25519],
    ] as const) {
      assert.deepEqual(await run(command, [file], folder), {
        code: 73,
        stdout: "",
        stderr: `${name}: Can't create file "${file}": File exists\n`,
      });
    }
  }
  assert.equal(readFileSync(join(folder, "a.pem"), "utf8"), "precious");
  assert.equal(existsSync(join(folder, "elsewhere")), false);
});

test("a folder that is not there is said so", async (t) => {
  const said = await run(genrsa, ["no/a.pem"], folderFor(t));
  assert.equal(said.code, 73);
  assert.equal(said.stderr, 'genrsa: Can\'t create file "no/a.pem": No such file or directory\n');
});

for (const [args, message] of [
  [[], "File name for a key not provided"],
  [["a.pem", "many"], "Number of bits in a key must be numeric"],
  [["a.pem", "512"], "Number of bits is below 1024 (suggested 2048..4096)"],
  [["a.pem", "16384"], "Number of bits too large (suggested 2048..4096)"],
  [["a.pem", "2048", "x"], 'unexpected argument "x"'],
] as const) {
  test(`genrsa refuses [${args.join(" ")}] and makes no file`, async (t) => {
    const folder = folderFor(t);
    await assert.rejects(
      run(genrsa, args, folder),
      (error) => error instanceof UsageError && error.message === message,
    );
    assert.equal(existsSync(join(folder, "a.pem")), false);
  });
}
