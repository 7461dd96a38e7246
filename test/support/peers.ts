// Programs of others that tests talk to: a test whose peer is missing is skipped with the reason, except where the peer must
// be there.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** In CI, as root on Debian, test/support/install-packages.sh has installed every peer. */
const installed = process.env.CI === "true" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");

/**
 * For the option `skip` of a test. Throws where a missing peer is a failure.
 * @param missing what is missing, as a sentence without a full stop; undefined for nothing
 */
export function skipWithout(missing: string | undefined): string | false {
  if (missing === undefined) return false;
  if (installed) throw new Error(`${missing}, although test/support/install-packages.sh should have brought it`);
  return missing;
}

/** What is missing where a program cannot be started, for skipWithout. */
export function missingProgram(program: string, debianPackage: string = program): string | undefined {
  const { error } = spawnSync(program, ["--version"], { stdio: "ignore", timeout: 10_000 });
  const isMissing = error !== undefined && "code" in error && error.code === "ENOENT";
  return isMissing ? `${program} is not installed (apt-get install ${debianPackage})` : undefined;
}

/**
 * Why this root may not have mounts, a network and processes of its own, as in most containers; undefined where it may. No
 * package would change it, so that it is a reason to skip in CI too.
 * @param mount what a test wants to mount there, as a shell command; it ends with the namespace
 */
export function namespacesDenied(mount = "mount -t tmpfs none /mnt"): string | undefined {
  const namespaces = ["--mount", "--net", "--uts", "--pid", "--fork"];
  const { status, stderr } = spawnSync("unshare", [...namespaces, "sh", "-c", mount], {
    encoding: "utf8",
    timeout: 10_000,
  });
  return status === 0 ? undefined : `namespaces of its own are not for this root: ${stderr.trim()}`;
}
