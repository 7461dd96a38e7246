// What is said of a configuration in which all else is quiet.
import { compileConfig } from "../../src/config/compile.ts";

const quiet = {
  myhostname: "mail.example.com",
  enable_dkim_verification: true,
  local_domains_maps: [[".example.com"]],
};

/** Problems as "severity: message", of settings as a file has them. */
export function lintProblems(settings: Readonly<Record<string, unknown>>): string[] {
  const source = { settings: { ...quiet, ...settings }, problems: [], locate: () => undefined };
  const { problems } = compileConfig(source, { hostname: "mail.example.com", folder: "/" });
  return problems.map(({ severity, message }) => `${severity}: ${message}`);
}
