// A bare Debian as a tarball, made once for all tests of a day that unpack one: two thirds of a minute where the disk is slow.
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const cache = join(import.meta.dirname, "../../node_modules/.cache/roots");

/**
 * Debian's smallest set of packages; apt's lists stay, from them apt resolves what is installed there. Rejects where the mirror
 * cannot be reached, mmdebstrap is not there, or this root may not mount.
 * @param suite bookworm, trixie
 * @returns the tarball, which is others' too
 */
export async function bareRoot(suite: string): Promise<string> {
  await mkdir(cache, { recursive: true });
  const day = new Date().toISOString().slice(0, 10);
  const tar = join(cache, `${suite}-${day}.tar`);
  const options = "--quiet --mode=root --variant=minbase --skip=cleanup/apt/lists --dpkgopt=force-unsafe-io";
  // In memory it takes a third of the time. Who comes second waits for the first, and finds the file.
  const make = `[ -e "$2" ] || {
    mount -t tmpfs -o size=2g none /mnt && TMPDIR=/mnt mmdebstrap ${options} "$1" "$2.new.tar" && mv "$2.new.tar" "$2"
  }`;
  await run("flock", [join(cache, `${suite}.lock`), "unshare", "--mount", "sh", "-c", make, "sh", suite, tar]);
  return tar;
}
