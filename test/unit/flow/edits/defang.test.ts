import assert from "node:assert/strict";
import { test } from "node:test";
import type { Facts } from "../../../../src/checks/check.ts";
import { noFacts } from "../../../../src/checks/check.ts";
import { createDefang, isDefanged } from "../../../../src/flow/edits/defang.ts";
import { createRecipientEdits } from "../../../../src/flow/edits/recipient-edits.ts";
import { noEdits, print } from "../../../../src/mail/edit.ts";
import { accepted, type ContentFound, type Contents } from "../../../../src/policy/decision.ts";
import type { BankOverlay } from "../../../../src/settings/bank-settings.ts";
import { wholeMail } from "../../../support/scanned-mail.ts";
import { bankWith, judged } from "../mails.ts";

function found(all: readonly Contents[], more: Partial<ContentFound> = {}): ContentFound {
  return { all, viruses: [], headerFaults: [], ...more };
}

const virus: Contents = { category: "CC_VIRUS", minor: 0 };
const spam: Contents = { category: "CC_SPAM", minor: 0 };
const header: Contents = { category: "CC_BADH", minor: 0 };
const clean: Contents = { category: "CC_CLEAN", minor: 0 };

for (const [title, settings, all, wanted] of [
  ["nothing unless it is set", {}, [virus, clean], false],
  ["a virus", { defang_virus: true }, [virus, clean], true],
  ["not what is no virus", { defang_virus: true }, [spam, clean], false],
  ["the less important of two asks for it", { defang_bad_header: true }, [spam, header, clean], true],
  ["what could not be checked", { defang_undecipherable: true }, [{ category: "CC_UNCHECKED", minor: 0 }, clean], true],
  ["banned", { defang_banned: true }, [{ category: "CC_BANNED", minor: 0 }, clean], true],
  ["spammy", { defang_spam: true }, [{ category: "CC_SPAMMY", minor: 0 }, clean], true],
  ["all mail", { defang_all: true }, [clean], true],
  ["a minor category", { defang_maps_by_ccat: { "CC_BADH,3": 1 } }, [{ category: "CC_BADH", minor: 3 }, clean], true],
  ["another minor", { defang_maps_by_ccat: { "CC_BADH,3": 1 } }, [{ category: "CC_BADH", minor: 7 }, clean], false],
  ["any other", { defang_maps_by_ccat: { CC_CATCHALL: 1 } }, [spam, clean], true],
  ["by recipient", { defang_maps_by_ccat: { CC_SPAM: [{ "bob@here.example": true }] } }, [spam, clean], false],
  [
    "an entry goes before the setting",
    { defang_spam: true, defang_maps_by_ccat: { CC_SPAM: 0 } },
    [spam, clean],
    false,
  ],
] as const satisfies readonly (readonly [string, BankOverlay, readonly Contents[], boolean])[]) {
  test(`wrapped or not: ${title}`, () => {
    assert.equal(isDefanged(bankWith(settings), found(all), "ann@here.example"), wanted);
  });
}

const text =
  "Received: x\r\nFrom: a@b\r\nSubject: hi\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<b>hello</b>\r\n";

async function leavesAs(
  mailText: string,
  content: ContentFound,
  settings: BankOverlay,
  facts: Partial<Facts> = {},
  body: "may-change" | "stays" = "may-change",
): Promise<string> {
  const mail = judged({ text: mailText }, { bank: bankWith(settings), facts: { ...noFacts, ...facts } });
  const edits = createRecipientEdits(mail, body).of({ ...accepted, content }, "ann@here.example", true, noEdits);
  const printed = print(mail.transaction.message, edits, "own");
  return (await wholeMail({ ...printed, fields: [] })).toString("latin1");
}

test("the mail is within as it came, below a warning; what speaks of its form is not outside", async () => {
  const left = await leavesAs(text, found([virus, clean], { viruses: ["Eicar"] }), {
    defang_virus: true,
    myhostname: "mx.here.example",
    allowed_added_header_fields: { "x-amavis-modified": true },
  });
  const boundary = "----------=_UCtEH5c6lsJ1";
  assert.equal(
    left,
    [
      "X-Amavis-Modified: Original mail wrapped as attachment (defanged) by\r\n mx.here.example",
      "Received: x",
      "From: a@b",
      "Subject: ***INFECTED*** hi",
      "MIME-Version: 1.0",
      `Content-Type: multipart/mixed;\r\n boundary="${boundary}"`,
      "Content-Transfer-Encoding: 7bit",
      "",
      "This is a multi-part message in MIME format...",
      "",
      `--${boundary}`,
      "Content-Type: text/plain; charset=UTF-8",
      "Content-Disposition: inline",
      "Content-Description: Warning",
      "Content-Transfer-Encoding: 7bit",
      "",
      "WARNING: contains a virus: Eicar",
      "",
      "The original mail is attached as it came. mx.here.example",
      "",
      `--${boundary}`,
      "Content-Type: message/rfc822; x-spam-type=original",
      "Content-Disposition: attachment",
      "Content-Description: Original message",
      "Content-Transfer-Encoding: 7bit",
      "",
      `${text}`,
      `--${boundary}--`,
      "",
    ].join("\r\n"),
  );
});

test("fields with a fault are within alone, a tag then has a Subject of its own", async () => {
  const left = await leavesAs(
    "From: a@b\r\nSubject: gr\xfc\xdfe\r\nFrom: c@d\r\n\r\nx\r\n",
    found([virus, header, clean], { headerFaults: ["Duplicate"] }),
    { defang_bad_header: true },
    {
      content: {
        headerFaults: [
          { test: "8bit", text: "8bit", field: 1 },
          { test: "multiple", text: "Duplicate", field: 2 },
          { test: "missing", text: "Missing" },
        ],
      },
    },
  );
  const [outer = ""] = left.split("\r\n\r\n");
  assert.match(outer, /^Subject: \*\*\*INFECTED\*\*\*\r\nFrom: a@b\r\nMIME-Version: 1\.0\r\nContent-Type: multipart/);
  assert.match(outer, /Transfer-Encoding: 8bit$/);
  assert.match(left, /8bit\r\n\r\nFrom: a@b\r\nSubject: gr\xfc\xdfe\r\nFrom: c@d\r\n\r\nx\r\n\r\n--/);
});

test("recipients with the same warning share one form, and nothing is wrapped where the body stays", async () => {
  const mail = judged({ text }, { bank: bankWith({ defang_virus: true }) });
  const defang = createDefang(mail);
  const [one, same, other] = [["Eicar"], ["Eicar"], ["Other"]].map((viruses) => defang(found([virus], { viruses })));
  assert.equal(one?.wrap, same?.wrap);
  assert.notEqual(one?.wrap.before, other?.wrap.before);
  const left = await leavesAs(text, found([clean]), { defang_all: true }, {}, "stays");
  assert.equal(left, text);
});

test("a header section in UTF-8 makes the mail within global", () => {
  const mail = judged({ text, sender: "j\xc3\xb6@there.example SMTPUTF8" });
  assert.match(createDefang(mail)(undefined).wrap.before, /^Content-Type: message\/global; /m);
});
