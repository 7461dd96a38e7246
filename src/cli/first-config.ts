// The configuration that `init` writes, and examples/signpost.yaml: the three paths of docs/postfix.md for one domain.

export interface FirstConfig {
  readonly domain: string;
  /** myhostname; undefined leaves the host's own name. */
  readonly hostname: string | undefined;
  /** Clients whose mail is ours, in amavisd's form. */
  readonly networks: readonly string[];
  /** dkim_key_dir; undefined where there is no key yet. */
  readonly keyFolder: string | undefined;
  /** history.file; undefined keeps the history in memory. */
  readonly historyFile: string | undefined;
}

/** 0.0.0.0 is a client that the MTA does not tell: mail by sendmail(1) on this machine. */
export const ownNetworks: readonly string[] = ["0.0.0.0/8", "127.0.0.0/8", "[::1]"];

/** The text of signpost.yaml. */
export function firstConfig({ domain, hostname, networks, keyFolder, historyFile }: FirstConfig): string {
  const list = networks.map((network) => (network.includes("[") ? `"${network}"` : network)).join(", ");
  const keys =
    keyFolder === undefined
      ? "#dkim_key_dir: /var/lib/signpost/keys"
      : `dkim_key_dir: ${keyFolder.includes(" ") ? JSON.stringify(keyFolder) : keyFolder}`;
  const history =
    historyFile === undefined
      ? "#history: { file: /var/lib/signpost/history/history.sqlite }"
      : `history: { file: ${JSON.stringify(historyFile)} }`;
  return `# signpost beside Postfix: three ways through the filter. "signpost init DOMAIN" writes this file.
# docs/postfix.md has the other half, main.cf and master.cf; docs/configuration.md has every setting.
# After a change: signpost check-config && signpost reload

# Who we are. myhostname stands in Received and Authentication-Results fields; without it, the name of this host does.
${hostname === undefined ? `#myhostname: mail.${domain}` : `myhostname: ${hostname}`}
mydomain: ${domain}

# Recipients that are ours: they see Authentication-Results. A name with a dot in front means the domain and all below.
local_domains_maps: [[.${domain}]]

# Clients whose mail is ours. 0.0.0.0 is a client that the MTA does not tell: mail by sendmail(1) on this machine.
# Add your own networks, for instance 192.168.0.0/16.
mynetworks: [${list}]

# Incoming mail: signatures are verified.
enable_dkim_verification: true

# Our own mail is signed with the keys of this folder, DOMAIN/SELECTOR.pem. For one more domain: signpost init DOMAIN
enable_dkim_signing: true
${keys}

# Signatures hold three weeks; header fields may be folded anew on the way, the body may not change.
dkim_signature_options_bysender_maps:
  - { ".": { ttl: 21d, c: relaxed/simple } }

# The three ways. Postfix hands incoming mail to 10024, mail of our users to 10026, list mail that is only to be
# signed again to 10028, and takes it back at 10025 and 10027.
inet_socket_port: [10024, 10026, 10028]
inet_socket_bind: [127.0.0.1]
forward_method: "smtp:[127.0.0.1]:10025"
notify_method: "smtp:[127.0.0.1]:10027"
interface_policy: { "10026": ORIGINATING, "10028": NOCHECKS }

policy_bank:
  # Mail of our users.
  ORIGINATING:
    originating: true
    # Postfix, offered no 8BITMIME, converts mail to 7 bits before it is signed: nobody has to on the way.
    smtpd_discard_ehlo_keywords: [8BITMIME]
    forward_method: "smtp:[127.0.0.1]:10027"
  # Mail that came through once and is signed anew, by a mailing list for instance.
  NOCHECKS:
    originating: true
    smtpd_greeting_banner: "\${helo-name} \${protocol} \${product} NOCHECKS service ready"
    mynetworks_maps: []
    # The author's signature is broken by what the list changed; the results of the first pass stay.
    enable_dkim_verification: false
    # List managers talk to this port themselves: what they send as 8-bit is made 7-bit before it is signed.
    survival: fix
    signed_header_fields: { Sender: 1 }
    forward_method: "smtp:[127.0.0.1]:10025"

# The resolvers of /etc/resolv.conf are asked; one on this machine is best.
#dns: { servers: ["127.0.0.1:53"] }

# Past mails, for "signpost why" and "signpost log"; without a file they are kept in memory.
${history}

# For Prometheus, on this machine only.
metrics: { listen: "127.0.0.1:9925" }
`;
}
