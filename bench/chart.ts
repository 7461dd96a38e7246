// Charts as SVG, made by hand: bars for comparisons, lines for growth. Light on purpose; they are read in a browser and
// in a repository's pages.

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** A part of the value that is drawn darker. */
  readonly part?: number;
}

const font = `font-family="sans-serif" font-size="12"`;
const colours = ["#2f6f9f", "#c2571a", "#3c8d4d", "#7a4fa3", "#8a8a2b", "#b03a5b"];

export function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const left = 190;
  const width = 720;
  const height = 60 + bars.length * 22;
  const most = Math.max(...bars.map(({ value }) => value));
  const scale = (value: number) => (value / most) * (width - left - 70);
  const drawn = bars.map(({ label, value, part = 0 }, index) => {
    const y = 44 + index * 22;
    return (
      `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>` +
      `<rect x="${left}" y="${y}" width="${scale(value).toFixed(1)}" height="17" fill="#a9c6de"/>` +
      `<rect x="${left}" y="${y}" width="${scale(part).toFixed(1)}" height="17" fill="${colours[0]}"/>` +
      `<text x="${(left + scale(value) + 6).toFixed(1)}" y="${y + 13}">${value.toPrecision(3)}</text>`
    );
  });
  return svg(width, height, title, `${unit}; dark: the main thread`, drawn.join("\n"));
}

export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Both axes logarithmic: what is linear has a slope of one. */
export function lineChart(title: string, xUnit: string, yUnit: string, lines: readonly Line[]): string {
  const [width, height, left, top, right, bottom] = [720, 420, 70, 50, 170, 50] as const;
  const points = lines.flatMap((line) => line.points);
  const [x0, x1] = range(points.map(([x]) => x));
  const [y0, y1] = range(points.map(([, y]) => y));
  const x = (value: number) => left + ((Math.log10(value) - x0) / (x1 - x0)) * (width - left - right);
  const y = (value: number) => height - bottom - ((Math.log10(value) - y0) / (y1 - y0)) * (height - top - bottom);
  const parts: string[] = [];
  for (let power = x0; power <= x1; power += 1) {
    const at = x(10 ** power).toFixed(1);
    parts.push(`<line x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}" stroke="#ddd"/>`);
    parts.push(`<text x="${at}" y="${height - bottom + 18}" text-anchor="middle">${short(10 ** power)}</text>`);
  }
  for (let power = y0; power <= y1; power += 1) {
    const at = y(10 ** power).toFixed(1);
    parts.push(`<line x1="${left}" x2="${width - right}" y1="${at}" y2="${at}" stroke="#ddd"/>`);
    parts.push(`<text x="${left - 8}" y="${Number(at) + 4}" text-anchor="end">${short(10 ** power)}</text>`);
  }
  for (const [index, line] of lines.entries()) {
    const colour = colours[index % colours.length];
    const path = line.points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const [px, py] of line.points) {
      parts.push(`<circle cx="${x(px).toFixed(1)}" cy="${y(py).toFixed(1)}" r="3" fill="${colour}"/>`);
    }
    parts.push(
      `<text x="${width - right + 10}" y="${top + 14 + index * 18}" fill="${colour}">${escaped(line.label)}</text>`,
    );
  }
  parts.push(
    `<text x="${(left + width - right) / 2}" y="${height - 10}" text-anchor="middle">${escaped(xUnit)}</text>`,
  );
  return svg(width, height, title, yUnit, parts.join("\n"));
}

/** Whole powers of ten around the values. */
function range(values: readonly number[]): readonly [number, number] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  return [low, Math.max(high, low + 1)];
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6} M`;
  if (value >= 1e3) return `${value / 1e3} k`;
  return String(Number(value.toPrecision(3)));
}

function svg(width: number, height: number, title: string, subtitle: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${font}>
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="18" font-size="14" font-weight="bold">${escaped(title)}</text>
<text x="10" y="34" fill="#555">${escaped(subtitle)}</text>
${content}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
