// What a shape makes of a value: its normal form, or the first fault it reports.
import { reporter, type Shape } from "../../../src/settings/shape.ts";

export function readValue(shape: Shape<unknown>, value: unknown): { readonly value: unknown } | string {
  let fault: string | undefined;
  const report = reporter((message) => {
    fault ??= message;
  });
  const read = shape.read(value, report);
  return fault ?? { value: read };
}
