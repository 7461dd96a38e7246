// A registry of npm on this machine, with the packages that a checkout has installed: for npm commands as the pages print them,
// where no other registry can or should be asked.
//   node own-registry.ts PORT      says "ready" on standard output
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";

const top = join(import.meta.dirname, "../..");
const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;
const { packages } = JSON.parse(readFileSync(join(top, "package-lock.json"), "utf8"));
const folders = Object.keys(packages).filter((folder) => folder !== "");

const nameOf = (folder: string) => folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);

/** Every version of a package that is installed somewhere; those for other systems are not. */
function versionsOf(name: string): Readonly<Record<string, unknown>> {
  const versions: Record<string, unknown> = {};
  for (const folder of folders.filter((each) => nameOf(each) === name)) {
    try {
      const manifest = JSON.parse(readFileSync(join(top, folder, "package.json"), "utf8"));
      versions[manifest.version] = { ...manifest, scripts: {}, dist: { tarball: `${origin}/-/${folder}` } };
    } catch {
      // Optional, and not for this machine.
    }
  }
  return versions;
}

function answer(path: string, response: ServerResponse): void {
  if (path.startsWith("/-/") && folders.includes(path.slice(3))) {
    const inside = ["--exclude=./node_modules", "--transform=s,^\\.,package,", "-C", join(top, path.slice(3)), "."];
    response.end(execFileSync("tar", ["-czf", "-", ...inside], { maxBuffer: 512 * 1024 ** 2 }));
    return;
  }
  const name = decodeURIComponent(path.slice(1));
  const versions = versionsOf(name);
  const latest = Object.keys(versions).at(-1);
  response.statusCode = latest === undefined ? 404 : 200;
  response.end(JSON.stringify(latest === undefined ? {} : { name, "dist-tags": { latest }, versions }));
}

createServer((request, response) => answer(new URL(request.url ?? "/", origin).pathname, response)).listen(
  port,
  "127.0.0.1",
  () => console.log("ready"),
);
