// Writes copies into a folder one after the other until somebody kills it. Started by test/unit/quarantine/write-copy.test.ts.
import { createMailId } from "../../src/mail/mail-id.ts";
import { realFiles } from "../../src/quarantine/files.ts";
import { writeCopy } from "../../src/quarantine/write-copy.ts";
import { messageFrom } from "./quarantine.ts";

const [folder = "", template = ""] = process.argv.slice(2);
const message = messageFrom(`A: 1\r\n\r\n${"some line of text\r\n".repeat(20_000)}THE END\r\n`);
for (;;) {
  const mailId = createMailId();
  const name = `${mailId.slice(0, 1)}/${template.replace("%m", mailId)}`;
  const written = await writeCopy(realFiles, { folder, name, mailId, fields: ["X-Quarantine-ID: <x>\r\n"], message });
  if ("name" in written) process.stdout.write(`${written.name}\n`);
  else throw new Error(written.detail);
}
