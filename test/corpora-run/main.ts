// npm run corpora -- FOLDER: runs every corpus that DKIM and the checks are judged by and prints the table. Exits 1 when a
// result is wrong that no rule of ours explains (known-differences.ts).
import { resolve } from "node:path";
import { run as runAuthentication } from "./authentication.ts";
import { findCorpora } from "./corpora.ts";
import { type AttackRow, runDkim2, runMimeMalformed, runSpoofing } from "./dkim-attacks.ts";
import { runDkimCanon } from "./dkim-canon.ts";
import { runDkimVerify, type SignatureRow } from "./dkim-verify.ts";
import { isArgued, whyDifferent } from "./known-differences.ts";

const folder = process.argv[2] === undefined ? findCorpora() : resolve(process.argv[2]);
if (folder === undefined) {
  console.error("no corpora here: give their folder");
  process.exit(66);
}

let wrong = 0;

for (const view of ["rfc8301", "rfc6376"] as const) {
  const rows = runDkimVerify(folder, view);
  const count = (test: (row: SignatureRow) => boolean) => rows.filter(test).length;
  const label = view === "rfc8301" ? "as the filter judges" : "all that settings can let through, and short l=";
  console.log(
    `dkim-verify    ${count((row) => row.equal)} of ${rows.length} equal, ${count((row) => !row.accepted)} outside accept,`,
    `${count((row) => row.falsePass)} false passes (${label})`,
  );
  for (const row of rows.filter((row) => !row.equal || !row.accepted)) {
    const { source, name, place, got, wanted, accepted } = row;
    console.log(
      `  ${source}/${name}[${place}]: ${got?.result} (${got?.reason ?? "-"}), the corpus says ${wanted}`,
      `${accepted ? "" : "and nothing else "}- ${whyDifferent(row)}`,
    );
    if (!isArgued(row)) wrong += 1;
  }
  wrong += count((row) => row.falsePass);
}

const canon = runDkimCanon(folder);
const vectors = canon.filter(({ name }) => !name.startsWith("empty"));
console.log(`dkim-canon     ${vectors.filter(({ got, wanted }) => got === wanted).length} of ${vectors.length} equal`);
for (const { name, got, wanted } of canon.filter((row) => row.got !== row.wanted)) {
  console.log(`  ${name}: ${got}, wanted ${wanted}`);
  wrong += 1;
}

printAttacks("spoofing", runSpoofing(folder));
printAttacks("mime-malformed", runMimeMalformed(folder));
printAttacks("dkim2", runDkim2(folder));
for (const { suite, passed, total, differences } of await runAuthentication(folder)) {
  console.log(`${suite.padEnd(32)} ${passed} of ${total} as they must be`);
  for (const { name, wanted, got, argued } of differences) {
    console.log(`  ${name}: ${got}, the corpus says ${wanted}${argued ? ` - docs/checks.md#${argued}` : ""}`);
    if (argued === undefined) wrong += 1;
  }
}
process.exitCode = wrong === 0 ? 0 : 1;

function printAttacks(name: string, rows: readonly AttackRow[]): void {
  const faults = rows.filter(({ fault }) => fault !== undefined);
  console.log(`${name.padEnd(14)} ${rows.length - faults.length} of ${rows.length} as they must be`);
  for (const { name: file, fault } of faults) console.log(`  ${file}: ${fault}`);
  wrong += faults.length;
}
