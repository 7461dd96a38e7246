// Holds that the pages name what is there: files, links and their anchors, commands with their options, settings, scripts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { loadCommand } from "../src/cli/commands.ts";
import { disk, loadConfig } from "../src/config/load.ts";
import { fronts } from "../src/reading/fronts.ts";
import { isConfiguration, pageBlocks } from "./support/document-blocks.ts";

const root = resolve(import.meta.dirname, "..");
const pagesOfFiles = ["CONTRIBUTING.md", "docs/architecture.md", "docs/testing.md", "docs/decisions/001-layout.md"];
const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const pages = ["README.md", "SECURITY.md", "CONTRIBUTING.md", ...docs.map((name) => `docs/${name}`)];

const textOf = (page: string) => readFileSync(join(root, page), "utf8");

for (const page of pagesOfFiles) {
  test(`${page} names files that are there`, () => {
    const named = [...textOf(page).matchAll(/`((?:src|test|workers|bench|grafana|docs|packaging)\/[\w./-]*)`/g)]
      .map(([, path = ""]) => path)
      // A PATH in capitals stands for any.
      .filter((path) => !path.includes("PATH"));
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter((path) => !existsSync(join(root, path))),
      [],
    );
  });
}

/** The anchors of a page: its headings as GitHub names them, and those that it sets itself. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id)]);
}

for (const page of pages) {
  test(`${page}: links lead somewhere`, () => {
    const text = textOf(page);
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const dead = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? join(root, page) : resolve(root, dirname(page), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchorsOf(textOf(relative(root, file))).has(anchor);
    });
    assert.deepEqual(dead, []);
  });
}

interface Call {
  readonly command: string;
  readonly words: readonly string[];
}

/** `signpost COMMAND …` wherever it is called: the words up to a comment, a pipe or the next command. */
function callsOf(page: string): readonly Call[] {
  const rest = textOf(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
  const inline = [...rest.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  const lines = [...pageBlocks(page).flatMap(({ text }) => text.split("\n")), ...inline];
  return lines.flatMap((line) => {
    const calls = [
      ...line.matchAll(/(?:^|&& |\| |; )\s*(?:signpost|\S*\/main\.ts|localhost\/signpost) ([a-z][\w-]*)([^#|;&>]*)/g),
    ];
    return calls.map(([, command = "", rest = ""]) => ({ command, words: rest.trim().split(/\s+/) }));
  });
}

/** Words that begin a sentence of a log or a unit, and names of services and packages, not commands. */
const notCommands = new Set(["needs", "is", "was"]);

for (const page of pages) {
  test(`${page}: commands are there, with the options that they are given`, async () => {
    const wrong: string[] = [];
    for (const { command, words } of callsOf(page)) {
      if (notCommands.has(command)) continue;
      const found = await loadCommand(command.replace(/^convert-keysfile$/, "convert_keysfile"));
      if (found === undefined) wrong.push(`signpost ${command}`);
      const options = words.filter((word) => word.startsWith("--")).map((word) => word.replace(/=.*|[,.:)]+$/g, ""));
      for (const option of options) {
        if (option !== "--help" && found?.usage.includes(option) === false) wrong.push(`signpost ${command} ${option}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

for (const page of pages) {
  const pieces = pageBlocks(page).filter(isConfiguration);
  if (pieces.length === 0) continue;
  test(`${page}: its ${pieces.length} configuration(s) have settings that there are`, async () => {
    const errors: string[] = [];
    for (const { text: piece } of pieces) {
      const files = { ...disk, read: () => piece };
      const { problems } = await loadConfig("piece.yaml", { files, fronts, hostname: "mx.example.org" });
      for (const { severity, message } of problems) if (severity === "error") errors.push(`${message}\n${piece}`);
    }
    assert.deepEqual(errors, []);
  });
}

test("npm scripts that pages name are there", () => {
  const { scripts } = JSON.parse(textOf("package.json"));
  const named = pages.flatMap((page) =>
    [...textOf(page).matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = ""]) => name),
  );
  assert.deepEqual(
    named.filter((name) => !Object.hasOwn(scripts, name)),
    [],
  );
});

/** Pages whose indented blocks are all for a shell. */
const shellPages = [
  "README.md",
  "docs/install.md",
  "docs/from-amavisd.md",
  "docs/from-opendkim.md",
  "docs/from-rspamd.md",
];

for (const page of shellPages) {
  test(`${page}: a shell can read its commands`, () => {
    const blocks = pageBlocks(page).filter(({ name }) => name === "");
    assert.ok(blocks.length > 0);
    for (const { text: block } of blocks)
      assert.equal(spawnSync("sh", ["-n"], { input: block, encoding: "utf8" }).stderr, "", block);
  });
}
