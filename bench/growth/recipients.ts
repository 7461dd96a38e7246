// Cost of a mail against the number of its recipients, all in one transaction.
import { startFilter } from "../load/filter.ts";
import { messageOf, onTheWire } from "../messages.ts";
import type { Growth } from "./curve.ts";
import { type Bench, inTurns, mails, warmUp } from "./parts.ts";

const counts = [1, 10, 100, 1000] as const;

export async function recipients(bench: Bench): Promise<Growth> {
  const filter = await startFilter({ nextHopPort: bench.nextHopPort });
  try {
    bench.say(`${counts.join(", ")} recipients`);
    const content = onTheWire(messageOf(10_000));
    const cases = counts.map((count) => ({
      x: count,
      load: {
        port: filter.ports["sign-rsa"],
        content,
        recipients: Array.from({ length: count }, (_, index) => `someone${index}@example.net`),
        messages: mails(count === 1000 ? 60 : count === 100 ? 300 : 1500, bench.scale),
        connections: 64,
        reuse: true,
      },
    }));
    for (const { load } of cases.slice(0, 1)) await warmUp(bench, load);
    const results = await inTurns(bench, filter.pid, cases);
    const of = (read: (result: (typeof results)[number]) => number) =>
      counts.flatMap((x, index) => {
        const result = results[index];
        return result === undefined ? [] : [[x, read(result)] as const];
      });
    return {
      title: "Recipients of a mail, 10 kB, signed",
      against: "recipients",
      curves: [
        { label: "process", unit: "CPU ms", bound: "linear", points: of(({ processMs }) => processMs) },
        { label: "main thread", unit: "CPU ms", bound: "linear", points: of(({ mainMs }) => mainMs) },
      ],
      facts: [],
    };
  } finally {
    await filter.stop();
  }
}
