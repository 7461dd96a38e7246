// Lines on two logarithmic axes, where what is linear has a slope of one; several such panels make a page.
import { colours, escaped, font } from "./chart.ts";

export interface Line {
  readonly label: string;
  /** Lines of one group share a colour; the second and later ones of it are dashed. */
  readonly group?: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Also shows how steep a line is that grows as x does. */
  readonly guide: "linear" | "none";
  readonly lines: readonly Line[];
}

const panel = { width: 600, height: 330, left: 64, right: 170, top: 40, bottom: 48 } as const;
const gap = 12;

/** Panels in rows of `columns`. */
export function page(charts: readonly LineChart[], columns = 2): string {
  const rows = Math.ceil(charts.length / columns);
  const width = columns * (panel.width + gap) + gap;
  const height = rows * (panel.height + gap) + gap;
  const placed = charts.map((chart, index) => {
    const x = gap + (index % columns) * (panel.width + gap);
    const y = gap + Math.floor(index / columns) * (panel.height + gap);
    return `<g transform="translate(${x} ${y})">\n${drawn(chart)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${font}>
<rect width="100%" height="100%" fill="#f4f5f7"/>
${placed.join("\n")}
</svg>
`;
}

function drawn({ title, x: xLabel, y: yLabel, guide, lines }: LineChart): string {
  const { width, height, left, right, top, bottom } = panel;
  const points = lines.flatMap((line) => line.points);
  const xTicks = ticks(points.map(([x]) => x));
  const yTicks = ticks(points.map(([, y]) => y));
  const x = scale(xTicks, left, width - right);
  const y = scale(yTicks, height - bottom, top);
  const parts = [
    `<rect width="${width}" height="${height}" rx="4" fill="#fff" stroke="#d5d8dd"/>`,
    `<text x="14" y="24" font-size="14" font-weight="bold" fill="#222">${escaped(title)}</text>`,
    `<text x="${(left + width - right) / 2}" y="${height - 10}" text-anchor="middle" fill="#444">${escaped(xLabel)}</text>`,
    `<text transform="translate(15 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle" fill="#444">${escaped(yLabel)}</text>`,
  ];
  for (const tick of xTicks) {
    const at = x(tick).toFixed(1);
    parts.push(`<line x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}" stroke="#e6e8eb"/>`);
    parts.push(`<text x="${at}" y="${height - bottom + 16}" text-anchor="middle" fill="#444">${short(tick)}</text>`);
  }
  for (const tick of yTicks) {
    const at = y(tick).toFixed(1);
    parts.push(`<line x1="${left}" x2="${width - right}" y1="${at}" y2="${at}" stroke="#e6e8eb"/>`);
    parts.push(
      `<text x="${left - 7}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end" fill="#444">${short(tick)}</text>`,
    );
  }
  const anchor = lines[0]?.points.at(-1);
  if (guide === "linear" && anchor !== undefined) {
    const from = guideStart(anchor, [xTicks[0] ?? 1, yTicks[0] ?? 1]);
    const [x1, y1, x2, y2] = [x(from[0]), y(from[1]), x(anchor[0]), y(anchor[1])].map((at) => at.toFixed(1));
    parts.push(
      `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#9aa0a8" stroke-dasharray="1 4"/>`,
      `<text x="${(x(from[0]) + 6).toFixed(1)}" y="${(y(from[1]) - 5).toFixed(1)}" font-size="10" fill="#8a9099">linear</text>`,
    );
  }
  const groups = [...new Set(lines.map(({ label, group = label }) => group))];
  const labelAt = spread(
    lines.map((line) => y(line.points.at(-1)?.[1] ?? yTicks[0] ?? 1)),
    15,
    [top + 6, height - bottom],
  );
  const seen = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const group = line.group ?? line.label;
    const colour = colours[groups.indexOf(group) % colours.length] ?? "#000";
    const dashes = seen.has(group) ? ` stroke-dasharray="5 4"` : "";
    seen.add(group);
    const path = line.points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`);
    for (const [px, py] of line.points) {
      parts.push(`<circle cx="${x(px).toFixed(1)}" cy="${y(py).toFixed(1)}" r="3" fill="${colour}"/>`);
    }
    const [lastX, lastY] = line.points.at(-1) ?? [1, 1];
    const at = labelAt[index] ?? 0;
    parts.push(
      `<polyline points="${(x(lastX) + 5).toFixed(1)},${y(lastY).toFixed(1)} ${width - right + 10},${at.toFixed(1)}" fill="none" stroke="${colour}" stroke-width="0.7"/>`,
      `<text x="${width - right + 13}" y="${(at + 4).toFixed(1)}" fill="${colour}">${escaped(line.label)}</text>`,
    );
  }
  return parts.join("\n");
}

/**
 * Marks of a logarithmic axis that enclose the values: powers of ten, and where those are few also 2 and 5 times
 * them. At least two.
 */
export function ticks(values: readonly number[]): readonly number[] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const steps = high / low < 150 ? [1, 2, 5] : [1];
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high * 10; power += 1) {
    for (const step of steps) all.push(Number((step * 10 ** power).toPrecision(3)));
  }
  const first = all.findLastIndex((tick) => tick <= low);
  const last = all.findIndex((tick) => tick >= high);
  return all.slice(first, Math.max(last, first + 1) + 1);
}

/** Where a line with a slope of one through `anchor` enters a chart that begins at `origin`. */
export function guideStart(
  [x, y]: readonly [number, number],
  [left, bottom]: readonly [number, number],
): readonly [number, number] {
  const atBottom = (x * bottom) / y;
  return atBottom >= left ? [atBottom, bottom] : [left, (y * left) / x];
}

function scale(marks: readonly number[], from: number, to: number): (value: number) => number {
  const first = Math.log(marks[0] ?? 1);
  const last = Math.log(marks.at(-1) ?? 10);
  return (value) => from + ((Math.log(value) - first) / (last - first)) * (to - from);
}

/** Places for labels near `wanted`, none nearer than `distance` to another, all within the bounds if they fit. */
export function spread(
  wanted: readonly number[],
  distance: number,
  [low, high]: readonly [number, number],
): readonly number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed: number[] = [];
  let least = low;
  for (const index of order) {
    const at = Math.max(wanted[index] ?? 0, least);
    placed[index] = at;
    least = at + distance;
  }
  let most = high;
  for (const index of order.toReversed()) {
    const at = Math.min(placed[index] ?? 0, most);
    placed[index] = at;
    most = at - distance;
  }
  return placed;
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6} M`;
  if (value >= 1e3) return `${value / 1e3} k`;
  return String(Number(value.toPrecision(3)));
}
