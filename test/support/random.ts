// Numbers that look random and are the same in every run: generated mail and faults come from a fixed seed.

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** True once in so many times. */
  oneIn(count: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** A linear congruential generator; the low bits, which repeat soonest, weigh least. */
export function createRandom(seed: number): Random {
  let state = seed % 2 ** 31;
  const next = (): number => {
    // In whole numbers: in doubles it loses its lowest bits, and comes round after ten thousand.
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 2 ** 31;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    oneIn: (count) => below(count) === 0,
    pick(list) {
      const found = list[below(list.length)];
      if (found === undefined) throw new Error("nothing to pick from");
      return found;
    },
  };
}
