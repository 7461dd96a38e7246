// The Debian package and the tarball: one tree, built from the checkout twice the same, judged by lintian, and run in a root
// that holds nothing else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { after, test } from "../support/limited.ts";
import { missingProgram, namespacesDenied, skipWithout } from "../support/peers.ts";
import { postfixMissing } from "../support/postfix.ts";

const run = promisify(execFile);
const top = join(import.meta.dirname, "../..");
const missing = missingProgram("dpkg-deb") ?? missingProgram("lintian") ?? missingProgram("strip", "binutils");
/** The same that debian-root.sh begins with. */
const overlay =
  "mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root && mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root";
const skip = skipWithout(process.getuid?.() === 0 ? missing : "a root of its own needs root");
/** Compiling, installing and packing take longer than other tests, twice as long with a busy machine. */
const timeout = 600_000;

/** Of no commit: what is in the work tree, at a time that is given. */
const env = { ...process.env, SOURCE_DATE_EPOCH: "1790000000", XZ_LEVEL: "0" };
const arch = process.arch === "arm64" ? "arm64" : "amd64";
const folders: string[] = [];

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function folderFor(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-deb-"));
  folders.push(folder);
  return folder;
}

async function makeTree(): Promise<string> {
  const folder = await folderFor();
  await run("sh", ["packaging/tree.sh", folder, arch], { cwd: top, env });
  return folder;
}

async function build(script: string, tree: string): Promise<string> {
  const { stdout } = await run("sh", [script, arch], { cwd: top, env: { ...env, TREE: tree } });
  return stdout.trim();
}

let tree: Promise<string> | undefined;
let deb: Promise<string> | undefined;

function builtTree(): Promise<string> {
  tree ??= makeTree();
  return tree;
}

function built(): Promise<string> {
  deb ??= builtTree().then((folder) => build("packaging/debian/build.sh", folder));
  return deb;
}

/** Of every file below a folder, or of one file. */
async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  if ((await stat(path)).isFile()) return hash.update(await readFile(path)).digest("hex");
  const files = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  for (const name of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    const { mode } = await stat(name);
    hash.update(`${relative(path, name)} ${mode} `).update(await readFile(name));
  }
  return hash.digest("hex");
}

test("the package is small, and lintian has nothing to say of it", { skip, timeout }, async () => {
  const deb = await built();
  const { size } = await stat(deb);
  assert.ok(size < 60 * 1024 ** 2, `${size} octets`);
  const { stdout } = await run("lintian", ["--allow-root", "--fail-on", "none", deb]);
  assert.equal(stdout, "");
});

test("two builds are the same", { skip, timeout }, async () => {
  const first = await builtTree();
  const second = await makeTree();
  assert.equal(await digest(second), await digest(first));
  const deb = await built();
  const before = await digest(deb);
  await build("packaging/debian/build.sh", second);
  assert.equal(await digest(deb), before);
});

test("the tarball runs wherever it was unpacked, and its unit names the link by which it is called", {
  skip,
  timeout,
}, async () => {
  const tarball = await build("packaging/tar/build.sh", await builtTree());
  const folder = await folderFor();
  await run("tar", ["-xf", tarball, "-C", folder]);
  const [name = ""] = await readdir(folder);
  assert.match(name, /^signpost-[\d.]+-linux-(?:amd64|arm64)$/);
  await symlink(name, join(folder, "signpost"));
  const program = join(folder, "signpost/bin/signpost");
  const { version } = JSON.parse(await readFile(join(top, "package.json"), "utf8"));
  assert.equal((await run(program, ["--version"])).stdout, `signpost ${version}\n`);
  const { stdout } = await run(program, ["print-unit"]);
  const page = await readFile(join(top, "docs/install.md"), "utf8");
  const named = [...page.matchAll(/\/opt\/(signpost\/[\w./]+\w)/g)].map(([, path = ""]) => path);
  assert.ok(named.length > 2);
  for (const path of named) await stat(join(folder, path));
  assert.match(stdout, new RegExp(`^ExecStart=${program} start --config /etc/signpost/signpost\\.yaml$`, "m"));
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

test("a mail server's time with the package: install, sign, verify, upgrade under load, remove, purge", {
  skip: skip === false ? skipWithout(await postfixMissing()) || (namespacesDenied(overlay) ?? false) : skip,
  timeout,
}, async () => {
  const old = await built();
  const folder = await folderFor();
  const script = join(top, "test/support/debian-root.sh");
  const kept = join(await folderFor(), "old.deb");
  await copyFile(old, kept);
  // The next version: the same program under a higher number.
  const newer = join(await folderFor(), "new.deb");
  const unpacked = await folderFor();
  await run("dpkg-deb", ["-R", old, unpacked]);
  const control = join(unpacked, "DEBIAN/control");
  await writeFile(control, (await readFile(control, "utf8")).replace(/^Version: .*$/m, "$&+1"));
  await run("dpkg-deb", ["-Znone", "--build", unpacked, newer]);
  const namespaces = ["--mount", "--net", "--uts", "--pid", "--fork", "--kill-child"];
  const { stdout } = await run("unshare", [...namespaces, "sh", script, folder, kept, newer]);
  const said = stdout.split("\n").filter((line) => /^(?:== |left: |Authentication-Results|DKIM-Sig)/.test(line));
  assert.deepEqual(said, [
    "== install",
    "== init",
    "== postfix",
    "== sign",
    "== verify",
    "Authentication-Results: mx.example.org;dkim=none",
    "== upgrade",
    "== signpost: the new version has taken over",
    "== nothing refused",
    "== nothing lost, nothing twice",
    "== all signed",
    "== owner root:signpost 640 root:signpost 640 ",
    "== user signpost",
    "== remove",
    "== postfix as before",
    "== configuration kept",
    "== keys kept",
    "left: /var/lib/signpost",
    "== done",
  ]);
});
