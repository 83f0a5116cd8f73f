// Lag over time, with uPlot: <figure class="chart" data-src="/address"> with an element .plot. The table in its <details> has the same data without JavaScript.
// GET data-src returns {"points":[{"start":"2026-01-01T10:00:00Z","p50_ms":900,"p95_ms":1400,"p99_ms":null,"count":60}]}, oldest first.
(() => {
  "use strict";
  const LINES = [
    { key: "p50_ms", label: "p50", tone: "--good-fill", dash: [] },
    { key: "p95_ms", label: "p95", tone: "--warn-fill", dash: [9, 4] },
    { key: "p99_ms", label: "p99", tone: "--bad-fill", dash: [2, 3] },
  ];
  // Axis steps in ms: 1 2 5 below a second, then 1 2 5 10 15 30 of seconds and minutes, then hours.
  const STEPS = [1, 10, 100].flatMap((by) => [by, 2 * by, 5 * by])
    .concat([1000, 60000].flatMap((by) => [1, 2, 5, 10, 15, 30].map((step) => step * by)), [1, 2, 4, 6, 12, 24].map((hours) => hours * 3600000));
  const DAY = "\n{D} {MMM}";
  const TIMES = [
    [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", DAY, null, DAY, null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", DAY, null, DAY, null, null, null, 1],
  ];
  // In the zone that app.js has set.
  const isLocal = () => document.documentElement.dataset.times === "local";
  const inZone = (seconds) => (isLocal() ? new Date(seconds * 1000) : uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"));
  const zones = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" });
  const zone = (seconds) => (isLocal() ? zones.formatToParts(seconds * 1000).find(({ type }) => type === "timeZoneName").value : "UTC");
  const moment = uPlot.fmtDate("{D} {MMM} {HH}:{mm}");

  // The format of the server: 340ms, 1.2s, 45s, 2m 05s, 2h 05m.
  function span(ms) {
    if (ms == null) return "–";
    const seconds = Math.floor(ms / 1000), two = (number) => String(number % 60).padStart(2, "0");
    if (seconds >= 3600) return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60))}m`;
    if (seconds >= 60) return `${Math.floor(seconds / 60)}m ${two(seconds)}s`;
    return seconds >= 10 ? `${seconds}s` : seconds >= 1 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms)}ms`;
  }
  const tick = (ms) => (ms ? span(ms).replace(/ 00[sm]|\.0(?=s)/, "") : "0");

  // A custom property may be light-dark(...): only a computed style resolves it.
  function colour(name, within) {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    within.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  async function read(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const { points } = await answer.json();
    return [points.map((point) => Date.parse(point.start) / 1000), ...LINES.map(({ key }) => points.map((point) => point[key])), points.map((point) => point.count)];
  }

  function options(plot, reset, whole) {
    const soft = colour("--soft", plot), line = colour("--line", plot), panel = colour("--panel", plot);
    const axis = { stroke: soft, font: `12px ${getComputedStyle(plot).fontFamily}`, ticks: { stroke: line, width: 1, size: 4 }, grid: { stroke: line, width: 1 } };
    return {
      ...size(plot),
      tzDate: inZone,
      scales: { y: { range: (_, low, high) => [0, Math.max(1000, (high ?? 0) * 1.08)] } },
      axes: [{ ...axis, space: 60, values: TIMES }, { ...axis, size: 58, incrs: STEPS, values: (_, at) => at.map(tick) }],
      cursor: { y: false, points: { size: (_, at) => (at > LINES.length ? 0 : 8), fill: panel, width: (_, at) => (at > LINES.length ? 0 : 2) }, drag: { x: true, y: false, dist: 6 } },
      legend: { markers: { dash: (_, at) => ["none", "solid", "dashed", "dotted", "none"][at] } },
      series: [
        { label: "Time", value: (_, at) => (at == null ? "–" : `${moment(inZone(at))} ${zone(at)}`) },
        ...LINES.map(({ label, tone, dash }) => ({ label, dash, stroke: colour(tone, plot), width: 2, points: { size: 6, fill: panel }, value: (_, ms) => span(ms) })),
        { label: "beats", scale: "count", paths: () => null, points: { show: false }, value: (_, count) => count ?? "–" },
      ],
      hooks: {
        setScale: [({ scales: { x } }, key) => { if (key === "x") reset.hidden = x.min <= whole().min && x.max >= whole().max; }],
      },
    };
  }

  const size = (plot) => ({ width: plot.clientWidth, height: Math.max(200, Math.min(300, plot.clientWidth / 3)) });

  async function draw(figure) {
    const plot = figure.querySelector(".plot");
    const say = (words) => {
      const says = document.createElement("p");
      says.className = "says";
      says.textContent = words;
      plot.replaceChildren(says);
    };
    let columns, chart;
    say("Loading …");
    try { columns = await read(figure.dataset.src); } catch { return say("The chart data could not be loaded. The table below has it."); }
    if (!columns[0].length) return say("No beats in this range.");

    const whole = () => ({ min: columns[0][0], max: columns[0][columns[0].length - 1] });
    const reset = Object.assign(document.createElement("button"), { type: "button", className: "tiny reset", textContent: "Whole range", hidden: true });
    reset.addEventListener("click", () => { chart.setScale("x", whole()); plot.focus(); });
    const make = () => {
      chart?.destroy();
      plot.replaceChildren();
      chart = new uPlot(options(plot, reset, whole), columns, plot);
      plot.append(reset);
    };
    make();

    // Keyboard: arrows move, + and - zoom around the cursor, 0 shows the whole range.
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", "Lag over time. Arrow keys move, plus and minus zoom, zero shows the whole range. The table below has all values.");
    plot.addEventListener("keydown", (event) => {
      if (event.target !== plot || event.ctrlKey || event.metaKey || event.altKey) return;
      const { min, max } = chart.scales.x, last = columns[0].length - 1, here = chart.cursor.idx ?? last;
      const zoom = (by) => {
        const half = Math.max(60, ((max - min) / 2) * by), all = whole();
        chart.setScale("x", { min: Math.max(all.min, columns[0][here] - half), max: Math.min(all.max, columns[0][here] + half) });
      };
      const walk = (by) => chart.setCursor({ left: chart.valToPos(columns[0][Math.max(0, Math.min(last, here + by))], "x"), top: 10 });
      const commands = {
        ArrowLeft: () => walk(-1), ArrowRight: () => walk(1), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => chart.setScale("x", whole()),
      };
      if (!commands[event.key]) return;
      event.preventDefault();
      commands[event.key]();
    });

    let { width } = size(plot), readAt = Date.now();
    new ResizeObserver(() => {
      if (Math.abs(plot.clientWidth - width) < 2) return;
      ({ width } = size(plot));
      chart.setSize(size(plot));
    }).observe(plot);
    for (const change of ["heartbeat:theme", "heartbeat:times"]) document.addEventListener(change, make);
    for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", make);
    // On a page refresh, at most every 30 s; a zoomed range is kept.
    document.addEventListener("heartbeat:refreshed", async () => {
      if (Date.now() - readAt < 30000) return;
      readAt = Date.now();
      try { columns = await read(figure.dataset.src); } catch { return; }
      chart.setData(columns, reset.hidden);
      if (!reset.hidden) chart.redraw();
    });
  }

  for (const figure of document.querySelectorAll("figure.chart[data-src]")) draw(figure);
})();
