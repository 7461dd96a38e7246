// TLS and logins that are asked for and cannot be had as configured: mail would wait, or go on without.
import { saslMechanisms } from "../../smtp/sasl.ts";
import type { Config } from "../config.ts";
import { everyBank } from "../references.ts";
import type { Say } from "./advice.ts";

export function lintSecurity(config: Config, say: Say): void {
  for (const { path, settings } of everyBank(config)) {
    const all = { ...config.base, ...settings };
    if (isSet(settings.tls_security_level_in) && config.smtpd_tls_cert_file === null) {
      say("error", [...path, "tls_security_level_in"], "TLS needs a certificate: smtpd_tls_cert_file");
    }
    if (settings.smtpd_tls_wrappermode === true && all.tls_security_level_in === null) {
      say("error", [...path, "smtpd_tls_wrappermode"], "needs tls_security_level_in: may or encrypt");
    }
    if (settings.smtp_tls_wrappermode === true && all.tls_security_level_out === null) {
      say("error", [...path, "smtp_tls_wrappermode"], "needs tls_security_level_out: may or encrypt");
    }
    const hasLogin = isSet(all.amavis_auth_user) && isSet(all.amavis_auth_pass);
    for (const name of ["auth_required_inp", "auth_required_out"] as const) {
      if (settings[name] === true && !hasLogin) {
        say("error", [...path, name], "a login needs amavis_auth_user and amavis_auth_pass");
      }
    }
    const unknown = (settings.auth_mech_avail ?? []).filter((each) => !saslMechanisms.some((known) => known === each));
    if (unknown.length > 0) {
      say("warning", [...path, "auth_mech_avail"], `not spoken here: ${unknown.join(", ")}`);
    }
    if (settings.auth_required_inp === true && !saslMechanisms.some((each) => all.auth_mech_avail.includes(each))) {
      say(
        "error",
        [...path, "auth_required_inp"],
        `nobody could log in: auth_mech_avail names none of ${saslMechanisms.join(", ")}`,
      );
    }
  }
}

function isSet(value: string | null | undefined): boolean {
  return value !== null && value !== undefined && value !== "";
}
