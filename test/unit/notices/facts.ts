// Facts of a mail for tests of notices.
import { splitHeader } from "../../../src/mail/header.ts";
import type { NoticeFacts } from "../../../src/notices/notice-values.ts";

export const header = Buffer.from(
  "From: =?UTF-8?Q?J=C3=B6rg?= <joe@there.example>\r\nTo: ann@here.example\r\nSubject: hello\r\nMessage-ID: <1@there.example>\r\n",
);

export const facts: NoticeFacts = {
  host: "mail.here.example",
  nowMs: 1_700_000_000_000,
  logId: "4711-01",
  mailId: "UCtEH5c6lsJ1",
  bankPath: "ORIGINATING",
  originating: false,
  sender: "joe@there.example",
  fields: splitHeader(header).fields,
  clientAddress: "192.0.2.3",
  clientName: "mta.there.example",
  category: "INFECTED",
  viruses: ["Eicar-Test-Signature"],
  banned: [],
  headerFaults: [],
  tests: [],
  quarantine: ["U/virus-UCtEH5c6lsJ1"],
  delivered: [],
  blocked: [{ address: "ann@here.example", reply: { code: 250, enhanced: "2.7.0", text: "Ok, discarded" } }],
};
