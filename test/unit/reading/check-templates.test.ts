import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTemplates } from "../../../src/reading/check-templates.ts";
import { defaultSettings } from "../../../src/reading/load-settings.ts";

test("every bank's templates are looked at, and faults have their place", async () => {
  const { config } = await defaultSettings();
  assert.deepEqual(
    checkTemplates(config, () => ""),
    [],
  );
  const base = { ...config.base, notify_virus_admin_templ: { file: "/x.txt" } };
  const byCategory = { CC_SPAM: { file: "/spam.txt" }, CC_VIRUS: "Subject: x\n\n{{/x}}", CC_BADH: null };
  const policy_bank = new Map([
    ["A", { notify_sender_templ: "Subject: x\n\n{{/x}}", notify_admin_templ_by_ccat: byCategory }],
  ]);
  const problems = checkTemplates({ ...config, base, policy_bank }, () => "Subject: x\n\n\n {{nothing}}");
  assert.deepEqual(
    problems.map(({ severity, path, place }) => ({ severity, path, place })),
    [
      { severity: "error", path: ["notify_virus_admin_templ"], place: { file: "/x.txt", line: 4, column: 2 } },
      { severity: "error", path: ["policy_bank", "A", "notify_sender_templ"], place: undefined },
      {
        severity: "error",
        path: ["policy_bank", "A", "notify_admin_templ_by_ccat", "CC_SPAM"],
        place: { file: "/spam.txt", line: 4, column: 2 },
      },
      { severity: "error", path: ["policy_bank", "A", "notify_admin_templ_by_ccat", "CC_VIRUS"], place: undefined },
    ],
  );
  assert.match(problems[1]?.message ?? "", /^line 3 of the template: \{\{\/x\}\} closes nothing$/);
});
