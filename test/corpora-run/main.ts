// npm run corpora -- FOLDER [--all]: runs every corpus the DKIM engine is judged by and prints the table.
import { resolve } from "node:path";
import { findCorpora } from "./corpora.ts";
import { runDkimVerify, type SignatureRow } from "./dkim-verify.ts";

const folder = process.argv[2] === undefined ? findCorpora() : resolve(process.argv[2]);
if (folder === undefined) {
  console.error("no corpora here: give their folder");
  process.exit(66);
}

for (const view of ["rfc8301", "rfc6376"] as const) {
  const rows = runDkimVerify(folder, view);
  const count = (test: (row: SignatureRow) => boolean) => rows.filter(test).length;
  console.log(
    `dkim-verify (${view}): ${rows.length} signatures, ${count((row) => row.equal)} equal,`,
    `${count((row) => !row.accepted)} outside accept, ${count((row) => row.falsePass)} false passes`,
  );
  for (const row of rows.filter((row) => !row.equal || !row.accepted)) {
    const { source, name, place, got, wanted, expected } = row;
    console.log(
      `  ${source}/${name}[${place}] ${expected.kind}: ${got?.result} (${got?.reason ?? "-"}), wanted ${wanted}`,
      row.accepted ? "" : `, accept ${expected.accept.join("/")}`,
    );
  }
}
