// Panels as SVG: lines, areas, numbers, tables. Only as much of a chart library as the dashboards need.

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

export interface PanelData {
  readonly title: string;
  readonly type: "row" | "timeseries" | "stat" | "table";
  /** On Grafana's grid of 24 columns. */
  readonly place: Readonly<Record<"h" | "w" | "x" | "y", number>>;
  readonly unit: string;
  readonly steps: readonly { readonly value: number | null; readonly color: string }[];
  readonly stacked: boolean;
  readonly series: readonly Series[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

const pageWidth = 1500;
const column = pageWidth / 24;
const unitHeight = 30;
const gap = 8;
const titleHeight = 44;
const palette = [
  "#3d85c6",
  "#6aa84f",
  "#e69138",
  "#a64d79",
  "#45818e",
  "#cc0000",
  "#8e7cc3",
  "#bf9000",
  "#666666",
  "#38761d",
];
const colours: Readonly<Record<string, string>> = {
  green: "#38761d",
  yellow: "#bf9000",
  red: "#b00020",
  blue: "#2a5d8f",
};
const maxLegend = 9;

export function drawDashboard(title: string, panels: readonly PanelData[], span: Span): string {
  const bottom = Math.max(...panels.map(({ place }) => place.y + place.h));
  const height = titleHeight + bottom * unitHeight + gap;
  const parts = panels.map((panel) => drawPanel(panel, span));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${pageWidth}" height="${height}" viewBox="0 0 ${pageWidth} ${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12" fill="#222">
<rect width="100%" height="100%" fill="#f4f5f5"/>
<text x="12" y="29" font-size="19" font-weight="bold">${escaped(title)}</text>
<text x="${pageWidth - 12}" y="29" text-anchor="end" fill="#555">${clock(span.from)} to ${clock(span.to)}</text>
${parts.join("\n")}
</svg>
`;
}

function drawPanel(panel: PanelData, span: Span): string {
  const { place, type, title } = panel;
  const box = {
    x: place.x * column + gap / 2,
    y: titleHeight + place.y * unitHeight + gap / 2,
    width: place.w * column - gap,
    height: place.h * unitHeight - gap,
  };
  if (type === "row") return text(box.x + 4, box.y + 17, title, `font-size="14" font-weight="bold"`);
  const frame = `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="3" fill="#fff" stroke="#d8d9da"/>`;
  const head = text(box.x + 10, box.y + 19, title, `font-size="13" font-weight="bold"`);
  const inside = { x: box.x + 10, y: box.y + 28, width: box.width - 20, height: box.height - 36 };
  if (type === "stat") return drawStat(panel, box);
  if (panel.series.length === 0) {
    return (
      frame + head + text(box.x + box.width / 2, box.y + box.height / 2, "no data", `text-anchor="middle" fill="#999"`)
    );
  }
  return frame + head + (type === "table" ? drawTable(panel, inside) : drawLines(panel, inside, span));
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawStat(panel: PanelData, box: Box): string {
  const value = panel.series[0]?.points.at(-1)?.value;
  const colour = value === undefined ? "#999" : colourOf(panel, value);
  const shown = value === undefined ? "no data" : format(value, panel.unit);
  return (
    `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="3" fill="${colour}"/>` +
    text(box.x + 10, box.y + 20, panel.title, `fill="#fff" font-size="13"`) +
    text(box.x + box.width / 2, box.y + box.height / 2 + 24, shown, `fill="#fff" font-size="30" text-anchor="middle"`)
  );
}

function drawTable(panel: PanelData, box: Box): string {
  const rowHeight = 22;
  const rows = panel.series.slice(0, Math.floor(box.height / rowHeight));
  return rows
    .map(({ name, points }, index) => {
      const value = points.at(-1)?.value ?? Number.NaN;
      const y = box.y + index * rowHeight;
      return (
        `<rect x="${box.x + box.width - 70}" y="${y + 2}" width="70" height="${rowHeight - 4}" fill="${colourOf(panel, value)}"/>` +
        text(box.x, y + 16, fitted(name, box.width - 80, 12)) +
        text(box.x + box.width - 8, y + 16, format(value, panel.unit), `text-anchor="end" fill="#fff"`)
      );
    })
    .join("");
}

function drawLines(panel: PanelData, box: Box, span: Span): string {
  const named = [...panel.series].sort((a, b) => peak(b) - peak(a));
  const legend = drawLegend(named, panel, box);
  const left = 62;
  const plot = { x: box.x + left, y: box.y + 2, width: box.width - left - 4, height: box.height - legend.height - 22 };
  const drawn = panel.stacked ? stackUp(panel.series) : panel.series.map(flat);
  const highest = Math.max(...drawn.flatMap((points) => points.map(({ high }) => high)), 0);
  const ticks = niceTicks(highest, panel.unit === "bytes" ? 1024 : 1000);
  const top = ticks.at(-1) ?? 1;
  const x = (at: number) => plot.x + ((at - span.from) / (span.to - span.from)) * plot.width;
  const y = (value: number) => plot.y + plot.height - (Math.max(0, value) / top) * plot.height;
  const grid = ticks.map(
    (tick) =>
      `<line x1="${plot.x}" x2="${plot.x + plot.width}" y1="${y(tick)}" y2="${y(tick)}" stroke="#e4e5e6"/>` +
      text(plot.x - 6, y(tick) + 4, format(tick, panel.unit), `text-anchor="end" fill="#666" font-size="11"`),
  );
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = span.from + share * (span.to - span.from);
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    return text(x(at), plot.y + plot.height + 15, clock(at), `text-anchor="${anchor}" fill="#666" font-size="11"`);
  });
  const lines = panel.series.map((series, index) => {
    const colour = colourAt(named.indexOf(series));
    const points = drawn[index] ?? [];
    const upper = points.map(({ at, high }) => `${x(at).toFixed(1)},${y(high).toFixed(1)}`);
    const lower = points.map(({ at, low }) => `${x(at).toFixed(1)},${y(low).toFixed(1)}`).reverse();
    const [first] = points;
    if (first === undefined) return "";
    if (points.length === 1) return `<circle cx="${x(first.at)}" cy="${y(first.high)}" r="2" fill="${colour}"/>`;
    const band = `<polygon points="${[...upper, ...lower].join(" ")}" fill="${colour}" fill-opacity="0.3"/>`;
    const line = `<polyline points="${upper.join(" ")}" fill="none" stroke="${colour}" stroke-width="1.6"/>`;
    return panel.stacked ? band + line : line;
  });
  return [...grid, ...times, ...lines, legend.svg].join("");
}

/** Names with the last value of each, those with the highest peaks first. */
function drawLegend(series: readonly Series[], panel: PanelData, box: Box): { svg: string; height: number } {
  const rowHeight = 16;
  const entries = series.slice(0, maxLegend).map(({ name, points }, index) => {
    const last = points.at(-1)?.value;
    const label = `${name}  ${last === undefined ? "" : format(last, panel.unit)}`;
    return { label, colour: colourAt(index), width: 16 + 7 * label.length + 12 };
  });
  if (series.length > maxLegend) {
    const label = `and ${series.length - maxLegend} more`;
    entries.push({ label, colour: "none", width: 16 + 7 * label.length });
  }
  const rows: (typeof entries)[] = [[]];
  let used = 0;
  for (const entry of entries) {
    if (used > 0 && used + entry.width > box.width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(entry);
    used += entry.width;
  }
  const height = rows.length * rowHeight;
  const svg = rows.map((row, index) => {
    let x = box.x;
    const y = box.y + box.height - height + (index + 1) * rowHeight - 4;
    return row
      .map(({ label, colour, width }) => {
        const drawn = `<rect x="${x}" y="${y - 8}" width="10" height="8" fill="${colour}"/>${text(x + 15, y, label, `font-size="11"`)}`;
        x += width;
        return drawn;
      })
      .join("");
  });
  return { svg: svg.join(""), height };
}

interface Drawn {
  readonly at: number;
  readonly low: number;
  readonly high: number;
}

function flat({ points }: Series): readonly Drawn[] {
  return points.filter(({ value }) => Number.isFinite(value)).map(({ at, value }) => ({ at, low: 0, high: value }));
}

/** Each series on top of those before it, by time. */
function stackUp(series: readonly Series[]): readonly (readonly Drawn[])[] {
  const sums = new Map<number, number>();
  return series.map((each) =>
    flat(each).map(({ at, high }) => {
      const low = sums.get(at) ?? 0;
      sums.set(at, low + high);
      return { at, low, high: low + high };
    }),
  );
}

function peak({ points }: Series): number {
  return Math.max(0, ...points.map(({ value }) => (Number.isFinite(value) ? value : 0)));
}

/** From 0 to above the highest value, in steps of 1, 2 or 5 of the unit's thousands. */
function niceTicks(highest: number, thousand: 1000 | 1024): readonly number[] {
  if (!(highest > 0)) return [0, 1];
  const rough = highest / 4;
  const scale = thousand === 1000 ? 1 : 1024 ** Math.max(0, Math.floor(Math.log(rough) / Math.log(1024)));
  const magnitude = scale * 10 ** Math.floor(Math.log10(rough / scale));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((each) => each >= rough) ?? magnitude * 10;
  const ticks = [0];
  while ((ticks.at(-1) ?? 0) < highest) ticks.push(ticks.length * step);
  return ticks;
}

function format(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "-";
  switch (unit) {
    case "s":
      if (value === 0) return "0 s";
      return value < 0.001 ? `${short(value * 1e6)} µs` : value < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`;
    case "bytes": {
      const units = ["B", "KiB", "MiB", "GiB", "TiB"];
      const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
      return `${short(value / 1024 ** power)} ${units[power]}`;
    }
    case "percentunit":
      return `${short(value * 100)} %`;
    case "reqps":
    case "ops":
      return `${short(value)}/s`;
    case "dtdurations":
      if (value < 90) return `${short(value)} s`;
      return value < 7200 ? `${Math.round(value / 60)} min` : `${short(value / 3600)} h`;
    default:
      return short(value);
  }
}

function short(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (Math.abs(value) >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}

function colourOf({ steps }: PanelData, value: number): string {
  let colour = "blue";
  for (const step of steps) if (step.value === null || value >= step.value) colour = step.color;
  return colours[colour] ?? "#555";
}

function colourAt(index: number): string {
  return palette[index % palette.length] ?? "#555";
}

function fitted(name: string, width: number, size: number): string {
  const characters = Math.floor(width / (size * 0.58));
  return name.length <= characters ? name : `${name.slice(0, characters - 1)}…`;
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
