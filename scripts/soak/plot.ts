import { mega, type Row } from "./table.js";

const WIDTH = 72;
const HEIGHT = 10;

/** The heap over the churn, for a terminal: `#` where it is judged, `.` before. */
export function textPlot(all: readonly Row[], judged: ReadonlySet<Row>): string {
  // An empty server has so much less that nothing else would be seen.
  const rows = churnOf(all);
  if (rows.length < 2) return "too few samples for a plot";
  const start = (rows[0] as Row).at;
  const end = (rows[rows.length - 1] as Row).at;
  const heaps = rows.map(({ heap }) => heap);
  const most = Math.max(...heaps);
  const least = Math.min(...heaps);
  const cells = Array.from({ length: HEIGHT }, () => Array.from({ length: WIDTH }, () => " "));
  for (const row of rows) {
    const line = cells[HEIGHT - 1 - Math.round(((row.heap - least) / (most - least || 1)) * (HEIGHT - 1))];
    if (line) line[Math.round(((row.at - start) / (end - start || 1)) * (WIDTH - 1))] = judged.has(row) ? "#" : ".";
  }
  const lines = cells.map((line, i) => `${(i === 0 ? mega(most) : i === HEIGHT - 1 ? mega(least) : "").padStart(8)} |${line.join("").trimEnd()}`);
  return ["heap after collection, MB (#: judged, .: not)", ...lines, `${" ".repeat(9)}+${"-".repeat(WIDTH)}`, `${" ".repeat(10)}${`${start.toFixed(0)} s`.padEnd(8)}${`${end.toFixed(0)} s`.padStart(WIDTH - 8)}`].join("\n");
}

function churnOf(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ phase }) => phase === "churn");
}

type Line = { readonly name: string; readonly colour: string; readonly value: (row: Row) => number };

const PANELS: readonly (readonly [title: string, lines: readonly Line[]])[] = [
  ["memory, MB", [
    { name: "heap after collection", colour: "#1a6", value: ({ heap }) => heap / 1e6 },
    { name: "rss", colour: "#999", value: ({ rss }) => rss / 1e6 },
  ]],
  ["heap after collection during the churn, MB", [{ name: "", colour: "#1a6", value: ({ heap }) => heap / 1e6 }]],
  ["event loop, ms late", [
    { name: "p99", colour: "#27c", value: ({ lag }) => lag.p99 },
    { name: "max", colour: "#9bd", value: ({ lag }) => lag.max },
  ]],
  ["handles", [
    { name: "sockets", colour: "#a4a", value: ({ sockets }) => sockets },
    { name: "links", colour: "#c90", value: ({ health }) => health.links },
  ]],
  ["a second", [
    { name: "frames", colour: "#27c", value: ({ frames }) => frames },
  ]],
  ["opened a second", [{ name: "sockets", colour: "#c55", value: ({ opens }) => opens }]],
  ["views", [
    { name: "late", colour: "#c90", value: ({ late }) => late },
    { name: "wrong", colour: "#d00", value: ({ wrong }) => wrong },
  ]],
];

const PANEL = { width: 760, height: 90, left: 70, gap: 34 };

/** Everything over time, as an SVG document. Only the second panel does not begin at 0. */
export function svgPlot(rows: readonly Row[], title: string): string {
  const { width, height, left, gap } = PANEL;
  const end = Math.max(1, rows[rows.length - 1]?.at ?? 1);
  const panels = PANELS.map(([name, lines], i) => {
    // One panel is of what is judged, as large as it gets.
    const shown = i === 1 && churnOf(rows).length > 0 ? churnOf(rows) : rows;
    const top = 50 + i * (height + gap);
    const values = shown.flatMap((row) => lines.map(({ value }) => value(row)));
    const most = Math.max(1e-9, ...values);
    const least = i === 1 ? Math.min(...values) : 0;
    const y = (value: number): string => (top + height - ((value - least) / (most - least || 1)) * height).toFixed(1);
    const paths = lines.map(({ colour, value }) => `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${shown.map((row) => `${(left + (row.at / end) * width).toFixed(1)},${y(value(row))}`).join(" ")}"/>`);
    const legend = lines.map((line, j) => `<text x="${left + width - j * 150}" y="${top - 6}" text-anchor="end" fill="${line.colour}">${line.name}</text>`);
    const axis = [most, least].map((value, j) => `<text x="${left - 6}" y="${top + 4 + j * height}" text-anchor="end">${value.toFixed(value < 100 ? 1 : 0)}</text>`);
    return [`<text x="${left}" y="${top - 6}">${name}</text>`, `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="none" stroke="#ccc"/>`, ...axis, ...paths, ...legend].join("\n");
  });
  const bottom = 50 + PANELS.length * (height + gap);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 30}" height="${bottom + 10}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${left}" y="22" font-size="14">${title}</text>
${panels.join("\n")}
<text x="${left}" y="${bottom - 14}">0 s</text><text x="${left + width}" y="${bottom - 14}" text-anchor="end">${end.toFixed(0)} s</text>
</svg>
`;
}
