// Lists the packages below a node_modules folder with version, licence and the text of the licence:
//   node packaging/licences.mjs FOLDER
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders of packages, those within packages as well. */
function packagesBelow(folder) {
  const names = readdirSync(folder).filter((name) => !name.startsWith("."));
  const folders = names.flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(folder, name)).map((each) => join(folder, name, each)) : [join(folder, name)],
  );
  return folders.flatMap((path) => {
    const inner = join(path, "node_modules");
    return [path, ...(existsSync(inner) ? packagesBelow(inner) : [])];
  });
}

function licenceText(folder) {
  const file = readdirSync(folder).find((name) => /^(?:licen[cs]e|copying)/i.test(name));
  return file === undefined ? "(no text in the package)" : readFileSync(join(folder, file), "utf8").trim();
}

const found = packagesBelow(process.argv[2]).filter((path) => existsSync(join(path, "package.json")));
const entries = found.map((path) => {
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  return { title: `${name} ${version}`, licence: license ?? "not told", text: licenceText(path) };
});
const unique = [...new Map(entries.map((entry) => [entry.title, entry])).values()];
unique.sort((a, b) => (a.title < b.title ? -1 : 1));
const lines = unique.map(({ title, licence }) => `${title}: ${licence}`);
const texts = unique.map(({ title, text }) => `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n${text}\n`);
process.stdout.write(`The packages that signpost brings, and their licences.\n\n${lines.join("\n")}\n\n${texts.join("\n")}`);
