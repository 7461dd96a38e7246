// The variables of a configuration while it is read: amavisd's own with their defaults, and those the file declares.

import type { SourceOrigin } from "./source-text.ts";
import { type ArrayBox, createHash, type HashBox, type ScalarBox } from "./values.ts";

export type Container = { kind: "$"; box: ScalarBox } | { kind: "@"; box: ArrayBox } | { kind: "%"; box: HashBox };
export type ContainerSigil = "$" | "@" | "%";

/** Old names of settings that have new ones. */
const aliases: Readonly<Record<string, string>> = {
  "%final_destiny_by_ccat": "final_destiny_maps_by_ccat",
  "%defang_by_ccat": "defang_maps_by_ccat",
  $sql_partition_tag: "partition_tag",
  $DO_SYSLOG: "do_syslog",
  $LOGFILE: "logfile",
};

interface Scope {
  readonly lexical: Map<string, Container>;
  /** What `local` has put aside. */
  readonly saved: (() => void)[];
}

export class Variables {
  readonly scalars = new Map<string, ScalarBox>();
  readonly arrays = new Map<string, ArrayBox>();
  readonly hashes = new Map<string, HashBox>();
  readonly #scopes: Scope[] = [];

  enter(): void {
    this.#scopes.push({ lexical: new Map(), saved: [] });
  }

  leave(): void {
    for (const restore of this.#scopes.pop()?.saved.reverse() ?? []) restore();
  }

  scalar(name: string): ScalarBox {
    const lexical = this.#lexical("$", name);
    if (lexical?.kind === "$") return lexical.box;
    return getOrCreate(this.scalars, globalName("$", name), () => ({ value: undefined, origin: undefined }));
  }

  array(name: string): ArrayBox {
    const lexical = this.#lexical("@", name);
    if (lexical?.kind === "@") return lexical.box;
    return getOrCreate(this.arrays, globalName("@", name), () => ({ items: [], origin: undefined }));
  }

  hash(name: string): HashBox {
    const lexical = this.#lexical("%", name);
    if (lexical?.kind === "%") return lexical.box;
    return getOrCreate(this.hashes, globalName("%", name), () => createHash());
  }

  /** True if a `my` of this name is in sight. */
  isLexical(sigil: ContainerSigil, name: string): boolean {
    return this.#lexical(sigil, name) !== undefined;
  }

  declare(sigil: ContainerSigil, name: string): void {
    const container: Container =
      sigil === "$"
        ? { kind: "$", box: { value: undefined, origin: undefined } }
        : sigil === "@"
          ? { kind: "@", box: { items: [], origin: undefined } }
          : { kind: "%", box: createHash() };
    this.#scopes.at(-1)?.lexical.set(sigil + name, container);
  }

  /** A loop's variable is the element itself. */
  bind(name: string, box: ScalarBox): void {
    this.#scopes.at(-1)?.lexical.set(`$${name}`, { kind: "$", box });
  }

  /** `local`: the value comes back when the block or file ends. */
  localize(sigil: ContainerSigil, name: string): void {
    const saved = this.#scopes.at(-1)?.saved;
    if (saved === undefined) return;
    if (sigil === "$") {
      const box = this.scalar(name);
      const { value, origin } = box;
      saved.push(() => Object.assign(box, { value, origin }));
      box.value = undefined;
    } else if (sigil === "@") {
      const box = this.array(name);
      const { items, origin } = box;
      saved.push(() => Object.assign(box, { items, origin }));
      box.items = [];
    } else {
      const box = this.hash(name);
      const { map, origin, touched } = box;
      saved.push(() => Object.assign(box, { map, origin, touched }));
      box.map = new Map();
    }
  }

  #lexical(sigil: ContainerSigil, name: string): Container | undefined {
    const key = sigil + name;
    for (let depth = this.#scopes.length - 1; depth >= 0; depth--) {
      const found = this.#scopes[depth]?.lexical.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The name without its package, under its present spelling. */
export function globalName(sigil: ContainerSigil, name: string): string {
  const plain = name.replace(/^(?:::)?(?:main::)?(?:Amavis::Conf::)?/, "");
  const key = sigil + plain;
  return Object.hasOwn(aliases, key) ? (aliases[key] ?? plain) : plain;
}

function getOrCreate<T>(map: Map<string, T>, name: string, create: () => T): T {
  let found = map.get(name);
  if (found === undefined) {
    found = create();
    map.set(name, found);
  }
  return found;
}

export function touchHash(box: HashBox, origin: SourceOrigin): void {
  box.touched = origin;
  delete box.file;
}
