// Where mail goes: amavisd's method strings (`smtp:[127.0.0.1]:10025`, `lmtp:/run/dovecot/lmtp`, `smtp:*:*`).

export type NextHop =
  | { readonly protocol: "smtp" | "lmtp"; readonly host: string; readonly port: number }
  | { readonly protocol: "smtp" | "lmtp"; readonly path: string };
