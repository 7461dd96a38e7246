// The Debian package and the tarball: one tree, built from the checkout twice the same, judged by lintian, and run in a root
// that holds nothing else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, createPublicKey } from "node:crypto";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { bareRoot } from "../support/bare-root.ts";
import { signpost } from "../support/command.ts";
import { pageBlocks } from "../support/document-blocks.ts";
import { after, test } from "../support/limited.ts";
import { missingProgram, namespacesDenied, skipWithout } from "../support/peers.ts";
import { postfixMissing } from "../support/postfix.ts";

const run = promisify(execFile);
const top = join(import.meta.dirname, "../..");
const missing =
  missingProgram("dpkg-deb") ??
  missingProgram("lintian") ??
  missingProgram("strip", "binutils") ??
  (process.arch === "x64"
    ? (missingProgram("aarch64-linux-gnu-strip", "binutils-aarch64-linux-gnu") ??
      missingProgram("qemu-aarch64-static", "qemu-user-static libstdc++6-arm64-cross libatomic1-arm64-cross"))
    : missingProgram("x86_64-linux-gnu-strip", "binutils-x86-64-linux-gnu"));
/** The same that debian-root.sh begins with. */
const overlay =
  "mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root && mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root";
const skip = skipWithout(process.getuid?.() === 0 ? missing : "a root of its own needs root");
// Before the first test: what is awaited between tests looks like their end.
const noServer = skip === false ? skipWithout(await postfixMissing()) || (namespacesDenied(overlay) ?? false) : skip;
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

/** @param umask of who builds: nothing that is built has its modes from it */
async function makeTree(umask = "022"): Promise<string> {
  const folder = await folderFor();
  await underUmask(umask, ["packaging/tree.sh", folder, arch], env);
  return folder;
}

async function build(script: string, tree: string, umask = "022"): Promise<string> {
  return (await underUmask(umask, [script, arch], { ...env, TREE: tree })).trim();
}

async function underUmask(umask: string, script: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run("sh", ["-c", `umask ${umask} && exec sh "$@"`, "sh", ...script], { cwd: top, env });
  return stdout;
}

let tree: Promise<string> | undefined;
let deb: Promise<string> | undefined;
let tar: Promise<string> | undefined;

function builtTree(): Promise<string> {
  tree ??= makeTree();
  return tree;
}

function built(): Promise<string> {
  deb ??= builtTree().then((folder) => build("packaging/debian/build.sh", folder));
  return deb;
}

function builtTarball(): Promise<string> {
  tar ??= builtTree().then((folder) => build("packaging/tar/build.sh", folder));
  return tar;
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

test("a package for the other architecture has the same files, a Node of that machine, and runs where one is imitated", {
  skip,
  timeout,
}, async () => {
  const other = arch === "arm64" ? "amd64" : "arm64";
  const folder = await folderFor();
  await run("sh", ["packaging/tree.sh", folder, other], { cwd: top, env });
  const uncompressed = { ...env, TREE: folder, XZ_LEVEL: "none" };
  const { stdout } = await run("sh", ["packaging/debian/build.sh", other], { cwd: top, env: uncompressed });
  const deb = stdout.trim();
  const fields = await run("dpkg-deb", ["--field", deb, "Package", "Architecture", "Depends"]);
  const ours = await run("dpkg-deb", ["--field", await built(), "Package", "Architecture", "Depends"]);
  assert.equal(fields.stdout, ours.stdout.replace(`Architecture: ${arch}`, `Architecture: ${other}`));
  const [theirs, here] = await Promise.all([deb, await built()].map(namesIn));
  assert.deepEqual(theirs, here);
  // ELF's e_machine: EM_X86_64, EM_AARCH64.
  const node = join(folder, "lib/signpost/bin/node");
  const handle = await open(node);
  const header = await handle.read(Buffer.alloc(20), 0, 20, 0);
  await handle.close();
  assert.equal(header.buffer.readUInt16LE(18), other === "arm64" ? 183 : 62);

  if (other !== "arm64") return;
  const emulated = async (...args: readonly string[]) => {
    const main = join(folder, "lib/signpost/dist/src/cli/main.js");
    return (await run("qemu-aarch64-static", ["-L", "/usr/aarch64-linux-gnu", node, main, ...args])).stdout;
  };
  const { version } = JSON.parse(await readFile(join(top, "package.json"), "utf8"));
  assert.equal(await emulated("--version"), `signpost ${version}\n`);
  const place = await folderFor();
  await chmod(place, 0o755);
  const config = join(place, "signpost.yaml");
  await signpost("init", "--config", config, "--hostname", "mx.example.org", "example.org");
  await emulated("check-config", "--config", config);
  const mail = join(place, "mail.eml");
  await writeFile(
    mail,
    "From: a@example.org\r\nDate: Mon, 30 Nov 2026 01:00:00 +0000\r\nSubject: hello\r\n\r\nhello\r\n",
  );
  const signed = await emulated("sign", "--config", config, "--now", "1796000000", mail);
  await writeFile(mail, signed);
  const key = createPublicKey(await readFile(join(place, "keys/example.org/s1.pem")));
  const record = `v=DKIM1; p=${key.export({ type: "spki", format: "der" }).toString("base64")}`;
  const answers = join(place, "dns.json");
  await writeFile(answers, JSON.stringify({ "s1._domainkey.example.org": { TXT: [[record]] } }));
  const checked = await signpost("check", "--dns", answers, "--now", "1796000000", mail);
  assert.match(checked.stdout, /^ *dkim=pass d=example\.org s=s1 \(rsa-sha256, 2048-bit key\)$/m);
});

/** Modes and names in a package, without sizes and times. */
async function namesIn(deb: string): Promise<readonly string[]> {
  const { stdout } = await run("dpkg-deb", ["--contents", deb], { maxBuffer: 64 * 1024 ** 2 });
  return stdout.split("\n").map((line) => line.replace(/^(\S+) .* \.\//, "$1 /"));
}

test("two builds are the same, whatever the umask of who builds", { skip, timeout }, async () => {
  const first = await builtTree();
  const second = await makeTree("077");
  assert.equal(await digest(second), await digest(first));
  for (const [file, script] of [
    [await built(), "packaging/debian/build.sh"],
    [await builtTarball(), "packaging/tar/build.sh"],
  ] as const) {
    const before = await digest(file);
    await build(script, second, "077");
    assert.equal(await digest(file), before);
  }
});

test("the tarball runs wherever it was unpacked, and its unit names the link by which it is called", {
  skip,
  timeout,
}, async () => {
  const tarball = await builtTarball();
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

test("its Node asks for no newer libraries than the pages say", { skip, timeout }, async () => {
  const node = join(await builtTree(), "lib/signpost/bin/node");
  const { stdout } = await run("objdump", ["-p", node]);
  const newest = (library: string) =>
    [...stdout.matchAll(new RegExp(`\\b${library}_([\\d.]+)$`, "gm"))]
      .map(([, version = ""]) => version)
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
      .at(-1);
  const page = await readFile(join(top, "docs/install.md"), "utf8");
  assert.match(page, new RegExp(`glibc ${newest("GLIBC")} or newer`));
  const libraries = [...stdout.matchAll(/^ *NEEDED +(\S+)$/gm)].map(([, name = ""]) => name.replace(/\.so\..*/, ""));
  const ofGlibc = new Set(["libc", "libm", "libdl", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64", "libgcc_s"]);
  const others = libraries.filter((name) => !ofGlibc.has(name));
  assert.ok(others.length > 0);
  for (const name of others) assert.ok(page.includes(name), `docs/install.md says nothing of ${name}`);
});

test("the tarball on a mail server, by the commands of docs/install.md: install, upgrade, roll back, remove", {
  skip: noServer,
  timeout,
}, async () => {
  const tarball = await builtTarball();
  const [, version = ""] = /signpost-([\d.]+)-linux-/.exec(tarball) ?? [];
  const blocks = pageBlocks("docs/install.md");
  const block = (begins: string) => {
    const [found] = blocks.filter(({ text }) => text.startsWith(begins));
    assert.ok(found, begins);
    return found.text.replaceAll("VERSION", version).replaceAll("linux-amd64", `linux-${arch}`);
  };
  const [old, next] = [`/opt/signpost-${version}-linux-${arch}`, `/opt/signpost-NEW-linux-${arch}`];
  const steps = [
    ". /checkout/test/support/docs-stage.sh",
    // What a mail server has; signpost is not on it.
    "stock_postfix; dns; rm /usr/local/bin/signpost; cp /etc/postfix/main.cf /etc/postfix/master.cf /root/",
    `cd /root; cp /checkout/${relative(top, tarball)} .`,
    block("tar -xf").replace(/^signpost init .*\n/m, "$&publish\n"),
    `says "ExecStart=/usr/local/bin/signpost start" cat /etc/systemd/system/signpost.service; own_mail 1; signed 1`,
    `running() { readlink "/proc/$(cat /run/stand-in-signpost.pid)/exe"; }; [ "$(running)" = ${old}/lib/signpost/bin/node ]`,
    `cp -a ${old} ${next}`,
    block("ln -sfn signpost-NEW"),
    `[ "$(running)" = ${next}/lib/signpost/bin/node ]; own_mail 2; signed 2; say upgraded`,
    `ln -sfn ${old.replace("/opt/", "")} /opt/signpost; systemctl restart signpost`,
    `[ "$(running)" = ${old}/lib/signpost/bin/node ]; own_mail 3; signed 3; say rolled back; rm -r ${next}`,
    block("signpost postfix --undo\n"),
    "cmp /root/main.cf /etc/postfix/main.cf; cmp /root/master.cf /etc/postfix/master.cf; say postfix as before",
    "find /etc /opt /usr/local /var/lib/signpost -path /var/lib/signpost/keys/example.org -prune -o -name '*signpost*' -print | sed 's/^/left: /'",
    "[ -e /var/lib/signpost/keys/example.org/s1.pem ]; say done",
  ];
  const folder = await folderFor();
  const file = join(folder, "steps");
  await writeFile(file, `${steps.join("\n")}\n`);
  const script = join(top, "test/support/throwaway-root.sh");
  const namespaces = ["--mount", "--net", "--uts", "--pid", "--fork", "--kill-child"];
  const { stdout } = await run("unshare", [...namespaces, "sh", script, folder, top, file], {
    maxBuffer: 64 * 1024 ** 2,
  }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
  });
  assert.deepEqual(
    stdout.split("\n").filter((line) => /^(?:==|left:) /.test(line)),
    ["== upgraded", "== rolled back", "== postfix as before", "left: /var/lib/signpost", "== done"],
  );
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
  // Packages that stayed files of their own, and threads: libarchive, mailauth, Piscina.
  const attached = await folderFor();
  await writeFile(join(attached, "inner.txt"), "hello\n");
  await run("tar", ["-cf", join(attached, "outer.tar"), "-C", attached, "inner.txt"]);
  const content = (await readFile(join(attached, "outer.tar"))).toString("base64").replaceAll(/.{76}/g, "$&\n");
  const fields = ["From: a@example.org", "MIME-Version: 1.0", "Content-Type: application/x-tar; name=outer.tar"];
  const mail = [...fields, "Content-Transfer-Encoding: base64", "", content, ""].join("\n");
  await writeFile(join(root, "mail.eml"), mail);
  await writeFile(join(root, "dns.json"), '{"example.org": {"TXT": [["v=spf1 ip4:192.0.2.7 -all"]]}}');
  const envelope = ["--client", "192.0.2.7", "--helo", "mx.example.org", "--mail-from", "a@example.org"];
  const checked = await inside("check", "--parts", "--dns", "/dns.json", ...envelope, "/mail.eml");
  assert.match(checked, /^ *spf=pass smtp\.mailfrom=a@example\.org/m);
  assert.match(checked, /^ *1\.1 .* "inner\.txt" 6 octets$/m);
  assert.match(await inside("init", "--hostname", "mx.example.org", "example.org"), /^s1\._domainkey\.example\.org\./m);
  await inside("check-config");
  const unit = await readFile(join(root, "usr/lib/systemd/system/signpost.service"), "utf8");
  assert.equal(await inside("print-unit"), unit);
  assert.match(await inside("demo"), /dkim=pass \(2048-bit key\)/);
});

async function copyInto(root: string, file: string): Promise<void> {
  const to = join(root, file);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(file, to);
}

/** The blocks of commands of a section of docs/install.md, without comments and what stands behind the commands. */
async function commandBlocks(section: string): Promise<readonly string[]> {
  const page = await readFile(join(top, "docs/install.md"), "utf8");
  const [, text = ""] = page.split(new RegExp(`^## ${section}$`, "m"));
  const [ours = ""] = text.split(/^## /m);
  return [...ours.matchAll(/(?:^ {4}.*\n)+/gm)].map(([block]) => block.replaceAll(/^ {4}| +#.*$/gm, ""));
}

interface Server {
  readonly folder: string;
  readonly commands: readonly string[];
}

/** Two versions, and the commands of docs/install.md with the names of their files. */
async function makeServer(): Promise<Server> {
  const folder = await folderFor();
  await copyFile(await built(), join(folder, "old.deb"));
  // The next version: the same program under a higher number.
  const unpacked = await folderFor();
  await run("dpkg-deb", ["-R", join(folder, "old.deb"), unpacked]);
  const control = join(unpacked, "DEBIAN/control");
  await writeFile(control, (await readFile(control, "utf8")).replace(/^Version: .*$/m, "$&+1"));
  await run("dpkg-deb", ["-Znone", "--build", unpacked, join(folder, "new.deb")]);
  const files = { VERSION: "old", NEW: "new", OLD: "old" } as const;
  const blocks = (await commandBlocks("Debian 12 and 13")).map((block) =>
    block.replaceAll(/\.\/signpost_(VERSION|NEW|OLD)_amd64\.deb/g, (_, which: keyof typeof files) => {
      return `/packages/${files[which]}.deb`;
    }),
  );
  for (const [index, block] of blocks.entries()) await writeFile(join(folder, String(index + 1)), block);
  return { folder, commands: blocks.flatMap((block) => block.trimEnd().split("\n")).map((line) => `== ${line}`) };
}

let server: Promise<Server> | undefined;

/** In a copy of this system where there is no root. */
async function runServer(root: string | null): Promise<void> {
  server ??= makeServer();
  const { folder, commands } = await server;
  const script = join(top, "test/support/debian-root.sh");
  const args = ["--mount", "--uts", "--pid", "--fork", "--kill-child", "sh", script, folder];
  const { stdout } = await run("unshare", root === null ? args : [...args, root]).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}`);
  });
  const said = stdout.split("\n").filter((line) => /^(?:== |left: |verified: |said: )/.test(line));
  const [install = [], upgrade = [], rollback = [], undo, ...removal] = [
    commands.slice(0, 6),
    commands.slice(6, 7),
    commands.slice(7, 8),
    ...commands.slice(8),
  ];
  assert.deepEqual(said, [
    install[0],
    "said: signpost is installed and not started. Next: signpost init DOMAIN",
    ...install.slice(1),
    "verified: dkim=pass",
    ...upgrade,
    "said: signpost: the new version has taken over",
    ...rollback,
    "said: signpost: the new version has taken over",
    "== nothing refused",
    "== nothing lost, nothing twice",
    "== all signed",
    "== owner root:signpost 640 root:signpost 640 ",
    "== user signpost",
    undo,
    "== postfix as before",
    removal[0],
    "== configuration kept",
    "== install /packages/old.deb  systemctl -q is-active signpost.service;systemctl -q is-enabled signpost.service;systemctl restart signpost.service;",
    "== install /packages/new.deb signpost: the configuration does not pass: see signpost check-config; then: systemctl restart signpost ",
    "== remove signpost  systemctl stop signpost.service;",
    removal[1],
    "said: signpost: private keys stay in /var/lib/signpost/keys",
    "== keys kept",
    "left: /var/lib/signpost",
    "== done",
  ]);
}

for (const suite of ["bookworm", "trixie"]) {
  test(`a mail server's time with the package, by the commands of docs/install.md, in a bare Debian (${suite})`, {
    skip: noServer,
    timeout: 2 * timeout,
  }, async (t) => {
    const root = await bareRoot(suite).catch((error: Error) => {
      // In CI there is a mirror; elsewhere a copy of this system takes the place of the first.
      if (process.env.CI === "true") throw error;
      if (suite !== "bookworm") t.skip(error.message);
      return null;
    });
    if (root !== null || suite === "bookworm") await runServer(root);
  });
}
