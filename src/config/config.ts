// The configuration as the rest of the program gets it: typed, frozen, every default filled in.
// Parts take what daemon/part-options.ts cuts out of it; only daemon/, reading/ and commands take it whole.
import type { RawTable } from "../lookup/table.ts";
import type { BankOverlay, BankSettings } from "../policy/settings.ts";

/** A private key of ours, one entry per published DNS record. */
export interface DkimKeySetting {
  /** Lower case; may hold "*", or be a pattern: then it signs for the address's own domain. */
  readonly domain: string | { readonly regexp: string };
  readonly selector: string;
  /** Absolute; either this or `key`. */
  readonly file?: string;
  /** The private key itself, PEM or base64 of its DER. */
  readonly key?: string;
  /** The tags of the record, lists with ":"; they only restrict what the key signs. */
  readonly v?: string;
  readonly g?: string;
  readonly h?: string;
  readonly k?: string;
  readonly s?: string;
  readonly t?: string;
  readonly n?: string;
}

export interface DnsSettings {
  readonly servers: readonly string[];
  readonly timeout: number;
  readonly tries: number;
  readonly message_timeout: number;
  readonly lookup_timeout: number;
  readonly message_lookups: number;
  readonly cache_entries: number;
  readonly cache_size: number;
  readonly max_ttl: number;
  readonly negative_ttl: number;
  readonly pending: number;
}

export interface PoolSettings {
  /** null: one per core, less one for the main thread, at least one. */
  readonly threads: number | null;
  /** Tasks that wait for a thread; null: 64 per thread and one per connection that limits.connections allows. */
  readonly queue: number | null;
  readonly deadline: number;
  /** The main thread does small jobs itself while the workers have nothing to do. */
  readonly in_place: boolean;
}

export interface MetricsSettings {
  /** "host:port"; null: no endpoint. */
  readonly listen: string | null;
  /** Lower case. */
  readonly names: readonly string[];
}

export interface ControlSettings {
  /** Absolute path of a unix socket; null: chosen at start. */
  readonly socket: string | null;
}

export interface SpoolSettings {
  readonly dir: string | null;
  readonly message_memory: number;
  readonly memory: number;
  readonly free_space: number;
}

export interface LogSettings {
  readonly format: "text" | "json";
  /** "stderr", "syslog" or an absolute file name. */
  readonly to: string;
}

export interface HistorySettings {
  readonly size: number;
  readonly file: string | null;
  readonly retention: number;
}

export interface RedisSettings {
  readonly url: string | null;
  readonly prefix: string;
  readonly timeout: number;
}

export interface LimitSettings {
  readonly header_size: number;
  readonly header_refused: number;
  readonly header_fields: number;
  readonly header_field_size: number;
  readonly received_fields: number;
  readonly connections: number;
  readonly command_line: number;
  readonly errors: number;
  readonly data_time: number;
  readonly data_block_time: number;
  readonly stressed_idle: number;
  readonly message_time: number;
}

export interface RelaySettings {
  readonly connections: number;
  readonly connections_per_next_hop: number;
  readonly connect_timeout: number;
  readonly command_timeout: number;
  readonly data_timeout: number;
  readonly block_timeout: number;
  readonly final_timeout: number;
}

export interface GlobalSettings {
  // building blocks
  readonly mydomain: string | null;
  readonly mynetworks: readonly string[];
  readonly sa_tag_level_deflt: number | null;
  readonly sa_tag2_level_deflt: number | null;
  readonly sa_tag3_level_deflt: number | null;
  readonly sa_kill_level_deflt: number | null;
  readonly sa_dsn_cutoff_level: number | null;
  readonly sa_crediblefrom_dsn_cutoff_level: number | null;
  readonly sa_quarantine_cutoff_level: number | null;
  readonly sa_spam_subject_tag: string | null;
  readonly virus_admin: string | null;
  readonly newvirus_admin: string | null;
  readonly banned_admin: string | null;
  readonly spam_admin: string | null;
  readonly bad_header_admin: string | null;

  // doors
  readonly inet_socket_port: readonly number[];
  readonly inet_socket_bind: readonly string[];
  readonly listen_sockets: readonly string[];
  readonly unix_socketname: readonly string[];
  readonly unix_socket_mode: number;
  readonly listen_queue_size: number | null;
  readonly listeners: number;
  readonly smtpd_recipient_limit: number;
  readonly enforce_smtpd_message_size_limit_64kb_min: boolean;
  readonly interface_policy: Readonly<Record<string, readonly string[]>>;

  // process
  readonly daemon_user: string | null;
  readonly daemon_group: string | null;
  readonly pid_file: string | null;
  readonly drain_timeout: number;
  readonly dns: DnsSettings;
  readonly pool: PoolSettings;
  readonly metrics: MetricsSettings;
  readonly control: ControlSettings;
  readonly spool: SpoolSettings;
  readonly log: LogSettings;
  readonly history: HistorySettings;
  readonly redis: RedisSettings;
  readonly limits: LimitSettings;
  readonly relay: RelaySettings;
  readonly smtp_connection_cache_enable: boolean;
  readonly smtp_discard_ehlo_keywords: readonly string[];
  readonly smtp_connection_cache_on_demand: boolean;

  // keys
  readonly dkim_keys: readonly DkimKeySetting[];
  readonly dkim_key_dir: string | null;
  readonly dkim_keytable: string | null;
  readonly dkim_signingtable: string | null;
  readonly dkim_multiple_signatures: boolean;

  // checks
  readonly banned_rules: Readonly<Record<string, readonly RawTable[]>>;
  readonly banned_filename_re: RawTable;
  readonly spam_check_negative_ttl: number;
  readonly spam_check_positive_ttl: number;
  readonly virus_check_negative_ttl: number;
  readonly virus_check_positive_ttl: number;
  readonly enable_global_cache: boolean;
  readonly penpals_threshold_low: number;
  readonly penpals_threshold_high: number | null;
  readonly QUARANTINEDIR: string | null;
  readonly quarantine_subdir_levels: number;
  readonly MAXLEVELS: number;
  readonly MAXFILES: number;
  readonly MIN_EXPANSION_QUOTA: number;
  readonly MAX_EXPANSION_QUOTA: number;
  readonly MIN_EXPANSION_FACTOR: number;
  readonly MAX_EXPANSION_FACTOR: number;
}

export interface Config extends GlobalSettings {
  /** The base bank: every bank setting, as set at top level or by default. */
  readonly base: BankSettings;
  /** By name, only the keys each bank sets; in the order of the file. */
  readonly policy_bank: ReadonlyMap<string, BankOverlay>;
}
