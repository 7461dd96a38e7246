// Charts as SVG, made by hand: bars for comparisons; lines for growth are in line-chart.ts. Light on purpose; they are
// read in a browser and in a repository's pages.

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** A part of the value that is drawn darker. */
  readonly part?: number;
}

export const font = `font-family="sans-serif" font-size="12"`;
export const colours = ["#2f6f9f", "#c2571a", "#3c8d4d", "#7a4fa3", "#8a8a2b", "#b03a5b"];

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

function svg(width: number, height: number, title: string, subtitle: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${font}>
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="18" font-size="14" font-weight="bold">${escaped(title)}</text>
<text x="10" y="34" fill="#555">${escaped(subtitle)}</text>
${content}
</svg>
`;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
