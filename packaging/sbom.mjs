// Reads what `npm sbom --sbom-format cyclonedx` prints and prints it for a release: without what is not shipped, with Node,
// and the same for two builds of one commit.
//   npm sbom --omit=dev --sbom-format cyclonedx | node packaging/sbom.mjs
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const notShipped = (reference) => /^(?:pkg:npm\/)?(?:%40|@)napi-rs\//.test(reference ?? "");
const bill = JSON.parse(await text(process.stdin));
const { name, devDependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const node = {
  "bom-ref": `pkg:generic/node@${devDependencies.node}`,
  type: "application",
  name: "node",
  version: devDependencies.node,
  purl: `pkg:generic/node@${devDependencies.node}`,
  licenses: [{ license: { id: "MIT" } }],
};
// Where a package lies on the builder's disk is nobody's business.
const plain = ({ properties, ...component }) => component;
const components = bill.components.filter((each) => !notShipped(each.purl)).map(plain);
components.push(node);
const dependencies = bill.dependencies
  .filter(({ ref }) => !notShipped(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((each) => !notShipped(each)).sort() }));
const timestamp = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000).toISOString();
const { serialNumber, ...kept } = bill;
// npm takes the name of the folder.
const component = { ...plain(bill.metadata.component), name, type: "application" };
const result = { ...kept, metadata: { ...bill.metadata, timestamp, component }, components, dependencies };
const hash = createHash("sha256").update(JSON.stringify(result)).digest("hex");
const number = [hash.slice(0, 8), hash.slice(8, 12), `5${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`, hash.slice(20, 32)];
process.stdout.write(`${JSON.stringify({ ...result, serialNumber: `urn:uuid:${number.join("-")}` }, null, 2)}\n`);
