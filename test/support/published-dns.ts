// A DNS server on 127.0.0.1:53 that has what lies in /published: files as `signpost showkeys --json` writes them, lists of
// objects with `name` and `strings`. A file that comes is served from the next question on.
//   node published-dns.ts: runs until it is ended
import { readdirSync, readFileSync } from "node:fs";
import { startFakeDns } from "./fake-dns.ts";

const folder = "/published";

const dns = await startFakeDns({}, 53);
dns.ttlSeconds = 0;
dns.fault = () => {
  dns.serve(published());
  return "none";
};
process.stdout.write("ready\n");

function published(): Record<string, { TXT: readonly (readonly string[])[] }> {
  const zone: Record<string, { TXT: readonly (readonly string[])[] }> = {};
  for (const file of readdirSync(folder)) {
    for (const { name, strings } of JSON.parse(readFileSync(`${folder}/${file}`, "utf8"))) {
      zone[name] = { TXT: [...(zone[name]?.TXT ?? []), strings] };
    }
  }
  return zone;
}
