// The Debian package: built from the checkout, twice the same, judged by lintian, and run in a root that holds nothing else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { after, test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";

const run = promisify(execFile);
const top = join(import.meta.dirname, "../..");
const missing = missingProgram("dpkg-deb") ?? missingProgram("lintian") ?? missingProgram("strip", "binutils");
const skip = skipWithout(process.getuid?.() === 0 ? missing : "a root of its own needs root");
/** Compiling, installing and packing take longer than other tests, twice as long with a busy machine. */
const timeout = 600_000;

let building: Promise<string> | undefined;
const folders: string[] = [];

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function folderFor(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-deb-"));
  folders.push(folder);
  return folder;
}

async function build(): Promise<string> {
  // Of no commit: what is in the work tree, at a time that is given.
  const env = { ...process.env, SOURCE_DATE_EPOCH: "1790000000", XZ_LEVEL: "1" };
  const { stdout } = await run("sh", ["packaging/debian/build.sh"], { cwd: top, env });
  return stdout.trim();
}

function built(): Promise<string> {
  building ??= build();
  return building;
}

async function digest(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

test("the package is small, and lintian has nothing to say of it", { skip, timeout }, async () => {
  const deb = await built();
  const { size } = await stat(deb);
  assert.ok(size < 60 * 1024 ** 2, `${size} octets`);
  const { stdout } = await run("lintian", ["--allow-root", "--fail-on", "none", deb]);
  assert.equal(stdout, "");
});

test("two builds are the same", { skip, timeout }, async () => {
  const deb = await built();
  const first = await digest(deb);
  await build();
  assert.equal(await digest(deb), first);
});

test("it runs where there is nothing but the package and the C library", { skip, timeout }, async () => {
  const deb = await built();
  const root = await folderFor();
  await run("dpkg-deb", ["-x", deb, root]);
  const node = join(root, "usr/lib/signpost/bin/node");
  for (const program of ["/bin/sh", node]) {
    const { stdout } = await run("ldd", [program]);
    for (const [library] of stdout.matchAll(/\/\S+/g)) await copyInto(root, library);
  }
  await copyInto(root, "/bin/sh");
  await mkdir(join(root, "tmp"));
  // What postinst makes.
  await mkdir(join(root, "var/lib/signpost"), { recursive: true });
  await writeFile(
    join(root, "etc/passwd"),
    "root:x:0:0::/:/bin/sh\nsignpost:x:101:101::/var/lib/signpost:/bin/false\n",
  );
  await writeFile(join(root, "etc/group"), "root:x:0:\nsignpost:x:101:\n");
  const inside = async (...args: readonly string[]) => {
    const { stdout } = await run("/usr/sbin/chroot", [root, "/usr/bin/signpost", ...args], {
      env: { PATH: "/usr/bin:/bin" },
    });
    return stdout;
  };
  const { version } = JSON.parse(await readFile(join(top, "package.json"), "utf8"));
  assert.equal(await inside("--version"), `signpost ${version}\n`);
  assert.match(await inside("init", "--hostname", "mx.example.org", "example.org"), /^s1\._domainkey\.example\.org\./m);
  await inside("check-config");
  assert.match(await inside("demo"), /dkim=pass \(2048-bit key\)/);
});

async function copyInto(root: string, file: string): Promise<void> {
  const to = join(root, file);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(file, to);
}
