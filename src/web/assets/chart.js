// Lag over time, with uPlot: <figure class="chart" data-src="/address"> holding an element .plot; the table in its <details> says the same without script.
// GET data-src answers {"points":[{"start":"2026-01-01T10:00:00Z","p50_ms":900,"p95_ms":1400,"p99_ms":null,"count":60}]}.
(() => {
  "use strict";
  const LINES = [
    { key: "p50_ms", label: "p50", tone: "--good-fill", dash: [], width: 2 },
    { key: "p95_ms", label: "p95", tone: "--warn-fill", dash: [8, 4], width: 2 },
    { key: "p99_ms", label: "p99", tone: "--bad-fill", dash: [2, 3], width: 2 },
  ];
  // Steps at which people would draw a line: 1 2 5 up to a second, then 1 2 5 10 15 30 of seconds, minutes, hours.
  const STEPS = [1, 10, 100].flatMap((by) => [by, 2 * by, 5 * by])
    .concat([1000, 60000].flatMap((by) => [1, 2, 5, 10, 15, 30].map((step) => step * by)), [1, 2, 4, 6, 12, 24].map((hours) => hours * 3600000));
  const utc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
  const at = uPlot.fmtDate("{D} {MMM} {HH}:{mm} UTC");
  const day = "\n{D} {MMM}";
  const TIMES = [
    [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", day, null, day, null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", day, null, day, null, null, null, 1],
  ];

  // As everywhere in Heartbeat: 340ms, 1.2s, 45s, 2m 05s, 2h 05m.
  function span(ms) {
    if (ms == null) return "–";
    const seconds = Math.floor(ms / 1000), two = (number) => String(number % 60).padStart(2, "0");
    if (seconds >= 3600) return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60))}m`;
    if (seconds >= 60) return `${Math.floor(seconds / 60)}m ${two(seconds)}s`;
    return seconds >= 10 ? `${seconds}s` : seconds >= 1 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms)}ms`;
  }
  const tick = (ms) => (ms ? span(ms).replace(/ 00[sm]|\.0(?=s)/, "") : "0");

  // A custom property may be light-dark(...): only a drawn element knows which of the two it is.
  function colour(name, within) {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    within.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  async function draw(figure) {
    const plot = figure.querySelector(".plot");
    const word = document.createElement("p");
    word.className = "says";
    const say = (text) => { word.textContent = text; plot.replaceChildren(word); };
    let points;
    say("Loading …");
    try {
      const answer = await fetch(figure.dataset.src, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      ({ points } = await answer.json());
    } catch {
      return say("The figures could not be read. The table below has them.");
    }
    if (!points.length) return say("No beat was seen in this time.");

    const columns = [points.map((point) => Date.parse(point.start) / 1000), ...LINES.map((line) => points.map((point) => point[line.key]))];
    const counts = points.map((point) => point.count);
    const whole = [columns[0][0], columns[0][columns[0].length - 1]];
    let chart;
    const reset = document.createElement("button");
    reset.type = "button";
    reset.className = "tiny reset";
    reset.textContent = "Whole range";
    reset.hidden = true;
    reset.addEventListener("click", () => chart.setScale("x", { min: whole[0], max: whole[1] }));

    function options() {
      const soft = colour("--soft", plot), line = colour("--line", plot), panel = colour("--panel", plot);
      const font = `12px ${getComputedStyle(plot).fontFamily}`;
      const axis = { stroke: soft, font, ticks: { stroke: line, width: 1, size: 4 }, grid: { stroke: line, width: 1 } };
      return {
        width: plot.clientWidth,
        height: Math.max(200, Math.min(300, plot.clientWidth / 3)),
        scales: { y: { range: (_, low, high) => [0, Math.max(1000, (high ?? 0) * 1.08)] } },
        tzDate: utc,
        axes: [{ ...axis, space: 60, values: TIMES }, { ...axis, size: 58, incrs: STEPS, values: (_, at) => at.map(tick) }],
        cursor: { points: { size: 7, fill: panel, width: 2 }, drag: { x: true, y: false, dist: 6 } },
        series: [
          { label: "Time", value: (_, seconds) => (seconds == null ? "–" : at(utc(seconds))) },
          ...LINES.map(({ label, tone, dash, width }) => ({
            label, stroke: colour(tone, plot), dash, width, spanGaps: false, points: { show: points.length < 3 }, value: (_, ms) => span(ms),
          })),
        ],
        hooks: {
          setScale: [(self, key) => {
            if (key === "x") reset.hidden = self.scales.x.min <= whole[0] && self.scales.x.max >= whole[1];
          }],
          setCursor: [(self) => { plot.dataset.count = counts[self.cursor.idx] ?? ""; }],
        },
      };
    }

    function make() {
      chart?.destroy();
      plot.replaceChildren();
      chart = new uPlot(options(), columns, plot);
      plot.append(reset);
    }
    make();

    // By keyboard: arrows walk, + and - zoom around the cursor, 0 shows all again.
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", "Lag over time. Arrow keys walk, plus and minus zoom, zero shows all. The table below has every figure.");
    plot.addEventListener("keydown", (event) => {
      if (event.target !== plot || event.ctrlKey || event.metaKey || event.altKey) return;
      const { min, max } = chart.scales.x;
      const here = chart.cursor.idx ?? columns[0].length - 1;
      const middle = columns[0][here];
      const zoom = (by) => {
        const half = Math.max(60, ((max - min) / 2) * by);
        chart.setScale("x", { min: Math.max(whole[0], middle - half), max: Math.min(whole[1], middle + half) });
      };
      const walk = (by) => {
        const to = Math.max(0, Math.min(columns[0].length - 1, here + by));
        chart.setCursor({ left: chart.valToPos(columns[0][to], "x"), top: 10 });
      };
      const deeds = {
        ArrowLeft: () => walk(-1), ArrowRight: () => walk(1), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
        0: () => chart.setScale("x", { min: whole[0], max: whole[1] }),
      };
      if (!deeds[event.key]) return;
      event.preventDefault();
      deeds[event.key]();
    });

    let width = plot.clientWidth;
    new ResizeObserver(() => {
      if (Math.abs(plot.clientWidth - width) < 2) return;
      width = plot.clientWidth;
      const { height } = options();
      chart.setSize({ width, height });
    }).observe(plot);
    document.addEventListener("heartbeat:theme", make);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", make);
  }

  for (const figure of document.querySelectorAll("figure.chart[data-src]")) draw(figure);
})();
