// Templates of the greeting and of the reply to QUIT (amavisd's smtpd_greeting_banner and smtpd_quit_banner).

// biome-ignore lint/suspicious/noTemplateCurlyInString: the templates are filled in by expandBanner.
export const defaultGreetingBanner = "${helo-name} ${protocol} ${product} service ready";
// biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
export const defaultQuitBanner = "${helo-name} ${product} closing transmission channel";

/**
 * What a template may name, in lower case: helo-name, myhostname, version, version-id, version-date, product, protocol.
 */
export type BannerValues = Readonly<Record<string, string>>;

/** Fills in `${name}` and `$name`; names are case-insensitive, an unknown one gives nothing. */
export function expandBanner(template: string, values: BannerValues): string {
  return template.replace(/\$(?:\{([^}]*)\}|([A-Za-z0-9_-]+))/g, (_, braced?: string, plain?: string) => {
    const name = (braced ?? plain ?? "").toLowerCase();
    return Object.hasOwn(values, name) ? (values[name] ?? "") : "";
  });
}
