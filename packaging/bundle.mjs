// Joins what was compiled, with most of the packages it needs, to few files: a start that reads, resolves and compiles 800
// files spends more time on that than on everything else. Names, comments and the folders of entries stay as they are.
//   node packaging/bundle.mjs FOLDER       with dist and node_modules in it
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { build } from "esbuild";

/** They start files of their own, or are seldom loaded. */
const external = ["piscina", "pino", "libarchive-wasm", "mailauth", "ioredis"];

const library = resolve(process.argv[2]);
const dist = join(library, "dist");
const packages = join(library, "node_modules");

/** Modules that are started by their URL: processes, threads, the command. */
function entryPoints() {
  const found = new Set();
  for (const entry of readdirSync(join(dist, "src"), { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".js")) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
    for (const [, name] of text.matchAll(/\bworkerUrl\("([\w-]+)"\)/g)) found.add(`workers/${name}`);
    for (const [, name] of text.matchAll(/\bmoduleUrl\("(\.\/[\w-]+)", import\.meta\.url\)/g)) {
      found.add(relative(dist, join(entry.parentPath, name)));
    }
  }
  return [...found].sort();
}

/** What a file takes from its place stays true wherever its text ends up. */
const keepPlaces = {
  name: "keep-places",
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (!path.startsWith(`${dist}/`)) return undefined;
      const place = JSON.stringify(relative(dist, path));
      const contents = (await readFile(path, "utf8"))
        .replaceAll(/createRequire\(import\.meta\.url\)\(\s*("[\w/-]+"),?\s*\)/g, "require($1)")
        .replaceAll("import.meta.url", `(import.meta.url.slice(0, import.meta.url.lastIndexOf("/dist/") + 6) + ${place})`);
      return { contents };
    });
  },
};

/** Packages that those outside of the bundle need, and they themselves. */
function neededOutside() {
  const needed = new Set();
  const add = (name, from) => {
    const inner = join(from, "node_modules", name);
    const folder = existsSync(inner) ? inner : join(packages, name);
    if (!existsSync(folder) || needed.has(folder)) return;
    needed.add(folder);
    const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    );
    for (const each of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) add(each, folder);
  };
  for (const name of external) add(name, library);
  return new Set([...needed].map((folder) => relative(packages, folder)));
}

const entries = entryPoints();
const joined = join(library, "joined");
await build({
  absWorkingDir: library,
  entryPoints: Object.fromEntries(entries.map((entry) => [entry, join("dist", `${entry}.js`)])),
  outdir: joined,
  chunkNames: "src/chunks/[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  external: external.flatMap((name) => [name, `${name}/*`]),
  legalComments: "none",
  // CommonJS among the packages asks for Node's own modules.
  banner: { js: 'import { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);' },
  plugins: [keepPlaces],
  logLevel: "warning",
});
rmSync(dist, { recursive: true });
renameSync(joined, dist);
const needed = neededOutside();
for (const name of readdirSync(packages)) {
  const inside = name.startsWith("@") ? readdirSync(join(packages, name)).map((each) => `${name}/${each}`) : [name];
  for (const each of inside) if (!needed.has(each)) rmSync(join(packages, each), { recursive: true });
}
