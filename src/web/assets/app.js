// Enhances pages that work without JavaScript. Each part handles its own data attributes.
(() => {
  "use strict";
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const one = (what, within = document) => within.querySelector(what);
  const named = (attribute, name, within) => one(`[${attribute}="${CSS.escape(name)}"]`, within);
  const make = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
  // Text between backticks becomes <code>, as in web/code.rs.
  const coded = (text) => text.split("`").map((part, at) => (at % 2 ? make("code", part) : part));
  const hear = document.addEventListener.bind(document);
  const on = (what, kind, run) => hear(kind, (event) => {
    const at = event.target.closest?.(what);
    if (at) run(at, event);
  });
  const later = (wait, run) => {
    let timer;
    return (...given) => { clearTimeout(timer); timer = setTimeout(run, wait, ...given); };
  };
  // A fetch that aborts the previous one. An aborted call never settles.
  const latest = () => {
    let last;
    return async (address, options) => {
      last?.abort();
      const { signal } = (last = new AbortController());
      try {
        const answer = await fetch(address, { ...options, signal });
        if (!answer.ok) throw new Error(String(answer.status));
        return answer;
      } catch (trouble) {
        return signal.aborted ? new Promise(() => {}) : Promise.reject(trouble);
      }
    };
  };
  const stored = (key, value) => {
    try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value); } catch { return null; }
  };
  const fields = (form) => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));

  // 1. Live regions: [data-live-id] is replaced when the server's HTML changed, ignoring relative times.
  const still = (node) => node.outerHTML.replace(/(<time[^>]* data-(ago|since)[^>]*>)[^<]*/g, "$1");
  const drawn = new Map(all("[data-live-id]").map((region) => [region.dataset.liveId, still(region)]));
  const place = (node, within) => (node.id ? `#${CSS.escape(node.id)}` : [node.tagName, all(node.tagName, within).indexOf(node)]);
  const found = (way, within) => (typeof way === "string" ? one(way, within) : all(way[0], within)[way[1]]);

  function replace(region, fresh) {
    const focused = document.activeElement;
    const inside = region.contains(focused) && focused !== region;
    // Never overwrite input.
    if (inside && focused.matches("input, select, textarea")) return false;
    if (all("input, textarea", region).some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked)) return false;
    const focus = inside && place(focused, region);
    const open = all("details", region).map((node) => [place(node, region), node.open]);
    const scrolled = all("*", region).filter((node) => node.scrollTop || node.scrollLeft).map((node) => [place(node, region), node.scrollLeft, node.scrollTop]);
    for (const name of region.getAttributeNames()) if (!fresh.hasAttribute(name)) region.removeAttribute(name);
    for (const { name, value } of fresh.attributes) region.setAttribute(name, value);
    region.replaceChildren(...fresh.childNodes);
    for (const [way, is] of open) found(way, region)?.toggleAttribute("open", is);
    for (const [way, left, top] of scrolled) found(way, region)?.scrollTo(left, top);
    if (focus) found(focus, region)?.focus({ preventScroll: true });
    return true;
  }

  const asked = latest();
  async function refresh(address = location.href) {
    const answer = await asked(address);
    if (answer.redirected) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const region of all("[data-live-id]")) {
      const id = region.dataset.liveId;
      const fresh = named("data-live-id", id, page);
      const html = fresh && still(fresh);
      if (fresh && html !== drawn.get(id) && replace(region, fresh)) drawn.set(id, html);
    }
    document.title = page.title;
    enhance();
    document.dispatchEvent(new Event("heartbeat:refreshed"));
  }

  // 2. Live updates: <body data-live="/live?project=shop">. [data-live-mark] shows the state and pauses the updates.
  const stream = document.body.dataset.live;
  const mark = one("[data-live-mark]");
  if (stream) {
    let source, retry, tries = 0, held = false;
    const say = (state) => {
      if (!mark) return;
      mark.dataset.state = mark.textContent = state;
      mark.hidden = false;
    };
    const update = later(250, () => refresh().then(() => source && say("live"), () => say("offline")));
    const close = () => { clearTimeout(retry); source?.close(); source = null; };
    const connect = () => {
      close();
      if (held || document.hidden) return say("paused");
      source = new EventSource(stream);
      source.onopen = () => { if (tries) update(); tries = 0; say("live"); };
      source.addEventListener("change", update);
      source.onerror = () => {
        close();
        say("offline");
        retry = setTimeout(connect, Math.min(60, 2 ** tries++) * (750 + Math.random() * 500));
      };
    };
    const again = () => { tries = 1; connect(); };
    hear("visibilitychange", again);
    mark?.addEventListener("click", () => { held = !held; again(); });
    connect();
  }

  // 3. Times: data-since counts up, data-ago shows the age; each <time datetime> gets the local time as its title.
  const two = (number) => String(number % 60).padStart(2, "0");
  const span = (s, exact) => (s < 60 ? `${s}s` : s < 3600 ? `${Math.floor(s / 60)}m${exact ? ` ${two(s)}s` : ""}`
    : s < 172800 ? `${Math.floor(s / 3600)}h ${two(Math.floor(s / 60))}m` : `${Math.floor(s / 86400)}d`);
  const skew = Date.parse(document.body.dataset.now) - Date.now() || 0;
  function tick() {
    for (const node of all("time[data-since], time[data-ago]")) {
      const { since, ago } = node.dataset;
      const s = Math.floor((Date.now() + skew - Date.parse(since || ago || node.dateTime)) / 1000);
      const text = since !== undefined ? span(Math.max(0, s), true) : s < 0 ? `in ${span(-s)}` : s < 5 ? "just now" : `${span(s)} ago`;
      if (!Number.isNaN(s) && node.textContent !== text) node.textContent = text;
    }
  }
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  // The switch in the footer, [data-times], shows all times in the browser's zone:
  // - <time> with the text "14:02", "23 Nov 14:02:07" or "2026-11-23 14:02"; [data-zone] is the name of the zone beside it;
  // - times that have their zone, "14:02 UTC", "2026-11-23 14:02 UTC" or "2026-11-23T14:02:07.000Z", in texts, titles and labels. Quotes, input and
  //   [data-as-is] stay as they are, and so do the hours of a week, "02:00-04:00 UTC";
  // - the chart, which hears heartbeat:times.
  const clock = /^(\d{4}-\d\d-\d\d |\d{1,2} [A-Z][a-z]{2} )?\d\d:\d\d(:\d\d)?$/;
  const written = new WeakMap();
  const inParts = new Intl.DateTimeFormat("en-US", { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const parts = (at) => Object.fromEntries(inParts.formatToParts(at).map(({ type, value }) => [type, value]));
  const inZone = (utc, at) => {
    const { year, month, day, hour, minute, second } = parts(at);
    const today = parts(Date.now() + skew);
    const [, date = "", seconds] = utc.match(clock) ?? [];
    const isToday = day === today.day && month === today.month && year === today.year;
    const shown = /^\d{4}/.test(date) ? `${year}-${two(at.getMonth() + 1)}-${day.padStart(2, "0")} ` : isToday ? "" : `${day} ${month} `;
    return `${shown}${hour}:${minute}${seconds ? `:${second}` : ""}`;
  };
  const zoned = /(- ?)?(\d{4}-\d\d-\d\d[ T])?(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z\b| UTC\b|(?= to \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC))/g;
  const quoted = "pre, code, time, input, textarea, select, .hint, .check, .problems, [data-zone], [data-as-is]";
  // A time without a date is the last one before [data-at], before the <time> of its line, or before now.
  const lastBefore = (time, node) => {
    const near = node.closest("[data-at], li, tr");
    const before = Date.parse(near && (near.dataset.at ?? one("time", near)?.dateTime)) || Date.now() + skew;
    const at = Date.parse(`${new Date(before).toISOString().slice(0, 11)}${time}Z`);
    return at > before ? at - 86400000 : at;
  };
  const zonedIn = (utc, node) => utc.replace(zoned, (all, dash, date, time, named) => {
    if (dash) return all;
    const at = new Date(date ? `${date.slice(0, 10)}T${time}Z` : lastBefore(time, node));
    const { hour, minute, second, timeZoneName } = parts(at);
    const seconds = time.length > 5 ? `:${second}` : "";
    const shown = date ? inZone(`${date.slice(0, 10)} ${time}`, at) : `${hour}:${minute}${seconds}`;
    return named ? `${shown} ${timeZoneName}` : shown;
  });
  const texts = new WeakMap();
  function zoneOf(node, name, element, isLocal) {
    const known = texts.get(node) ?? texts.set(node, {}).get(node);
    const text = name ? node.getAttribute(name) : node.data;
    if (text !== known[name]?.shown) known[name] = { utc: text };
    const shown = (known[name].shown = isLocal ? zonedIn(known[name].utc, element) : known[name].utc);
    if (shown === text) return;
    if (name) node.setAttribute(name, shown); else node.data = shown;
  }
  let times = stored("times"), wasLocal = false;
  function zone() {
    const isLocal = times === "local";
    document.documentElement.dataset.times = isLocal ? "local" : "utc";
    if (isLocal || wasLocal) {
      const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        if (element.closest("main, head > title") && !element.closest(quoted)) zoneOf(walk.currentNode, "", element, isLocal);
      }
      for (const name of ["title", "aria-label"]) for (const node of all(`main :not(time)[${name}]`)) if (!node.closest(quoted)) zoneOf(node, name, node, isLocal);
    }
    wasLocal = isLocal;
    for (const node of all("time:not([data-ago], [data-since])")) {
      const utc = written.get(node) ?? node.textContent.trim();
      if (!clock.test(utc) || !Date.parse(node.dateTime) || (!isLocal && !written.has(node))) continue;
      written.set(node, utc);
      const at = new Date(node.dateTime);
      const text = isLocal ? inZone(utc, at) : utc;
      node.title = isLocal ? `${utc} UTC` : local.format(at);
      if (node.textContent !== text) node.textContent = text;
    }
    for (const node of all("[data-zone]")) node.textContent = isLocal ? parts(Date.now()).timeZoneName : "UTC";
    for (const box of all("[data-times]")) {
      box.hidden = false;
      for (const button of all("button", box)) button.setAttribute("aria-pressed", (button.value === "local") === isLocal);
    }
  }
  on("[data-times] button", "click", (button) => { times = button.value; stored("times", times); zone(); document.dispatchEvent(new Event("heartbeat:times")); });
  setInterval(() => document.hidden || tick(), 1000);

  // 4. Form checks: <form data-check="/address"> with <output data-for="name"> in each .field.
  const words = { ok: "Fine.", note: "Note.", fail: "Wrong." };
  for (const form of all("form[data-check]")) {
    const ask = latest(), reached = new Set();
    let last = fields(form).toString();
    const show = (output, result) => {
      const control = form.elements.namedItem(output.dataset.for);
      // An untouched empty field shows no problem.
      const known = (reached.has(control?.name) || control?.value !== "") && words[result?.mark];
      control?.setAttribute?.("aria-invalid", known === words.fail);
      output.replaceChildren(...(known ? [make("b", known), " ", ...coded(result.says), " "] : []));
      if (known && result.advice) {
        const advice = make("span", "", { className: "advice" });
        advice.append(...coded(result.advice));
        output.append(advice);
      }
      const field = output.closest(".field");
      if (known) field.dataset.mark = result.mark; else delete field.dataset.mark;
    };
    const check = later(400, async () => {
      const body = fields(form);
      if (body.toString() === last) return;
      last = body.toString();
      try {
        const results = (await (await ask(form.dataset.check, { method: "POST", body, headers: { Accept: "application/json" } })).json()).fields;
        for (const output of all("output[data-for]", form)) show(output, results.find((field) => field.name === output.dataset.for));
      } catch { last = ""; }
    });
    form.addEventListener("input", ({ target }) => { reached.add(target.name); check(); });
  }

  // 5. Copy: <button data-copy="#id" hidden>, with a fallback for plain http, where the clipboard API is not available.
  on("[data-copy]", "click", async (button) => {
    const source = one(button.dataset.copy);
    let done = true;
    try { await navigator.clipboard.writeText(source.value ?? source.textContent); } catch {
      if (source.select) source.select(); else getSelection().selectAllChildren(source);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });

  // 6. Filters: <form data-auto> submits on input; <input data-filter="#log"> hides items that do not match.
  const ask = (form) => {
    const address = new URL(form.action);
    address.search = new URLSearchParams([...fields(form)].filter(([, value]) => value));
    history.replaceState(null, "", address);
    refresh().catch(() => location.reload());
  };
  const askSoon = later(300, ask);
  on("form[data-auto]", "submit", (form, event) => { event.preventDefault(); ask(form); });
  on("form[data-auto]", "input", askSoon);
  const filter = (input) => {
    const items = [...(one(input.dataset.filter)?.children ?? [])];
    const parts = input.value.toLowerCase().split(/\s+/);
    for (const item of items) item.hidden = !parts.every((part) => item.textContent.toLowerCase().includes(part));
    const count = named("data-count-of", input.dataset.filter);
    if (count) count.textContent = input.value ? `${items.filter((item) => !item.hidden).length} of ${items.length} shown` : "";
  };
  on("[data-filter]", "input", filter);

  // 7. Confirmation: <form data-confirm="question">. A click outside a menu closes it.
  on("form[data-confirm]", "submit", (form, event) => { if (!confirm(form.dataset.confirm)) event.preventDefault(); });
  const shut = (but) => { for (const menu of all(".menu[open]")) if (!menu.contains(but)) menu.open = false; };
  hear("click", (event) => shut(event.target));

  // 8. Shortcuts: / focuses the search, ? opens the help, arrows move along a strip. The help disables the shortcuts.
  let help;
  function keys() {
    if (!help) {
      help = make("dialog", "", { ariaLabel: "Keyboard shortcuts" });
      help.innerHTML = `<h2>Keyboard shortcuts</h2><dl class="facts"><dt><kbd>/</kbd><dd>search<dt><kbd>←</kbd> <kbd>→</kbd><dd>move along a strip<dt><kbd>?</kbd><dd>show this help</dl>
        <form method="dialog" class="actions"><button class="primary">Close</button><button value="off"></button></form>`;
      help.onclose = () => { if (help.returnValue) stored("keys", stored("keys") === "off" ? "on" : "off"); help.returnValue = ""; };
      document.body.append(help);
    }
    one("[value]", help).textContent = `${stored("keys") === "off" ? "Enable" : "Disable"} shortcuts`;
    help.showModal();
  }
  on("[data-keys-help]", "click", keys);
  hear("keydown", (event) => {
    const { key, target } = event;
    if (key === "Escape") { one(".menu[open] summary")?.focus(); shut(null); }
    if (event.ctrlKey || event.metaKey || event.altKey || !target.matches || target.matches("input, select, textarea")) return;
    const cells = all(".strip a").filter((cell) => cell.parentNode === target.parentNode);
    const here = cells.indexOf(target);
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: cells.length - 1 }[key];
    const search = one("[data-search], [type=search]");
    if (here >= 0 && to !== undefined) { event.preventDefault(); cells[to]?.focus(); }
    if (stored("keys") === "off") return;
    if (key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    if (key === "?") keys();
  });

  // 9. Rules: the sentence of a row, [data-when], follows its fields, in the words of pages/rule_sentence.rs.
  const some = (number, unit) => `${number} ${unit}${number === "1" ? "" : "s"}`;
  on("form:has(.rule)", "input", (form) => {
    const range = some(form.elements.timeRange.value.trim() || "30", "minute");
    for (const says of all("[data-when]", form)) {
      const controls = all("input, select", says.parentNode);
      const [limit, open, close, severity, reminders] = controls.map((control) => control.value.trim() || control.placeholder);
      const [bad, of = bad] = open.split(/ *of */);
      const { when, incident, unit } = says.dataset;
      const off = limit === "off";
      const condition = when.replace("{range}", range).replace("{limit}", off ? controls[0].placeholder : limit);
      // The server rejects the rest.
      const times = [limit, reminders].every((text) => /^(on|off|none|[\d., smhd%]+)$/.test(text));
      says.hidden = !times || !(bad > 0 && close > 0 && Number(bad) <= Number(of));
      says.textContent = `${off ? "Off. If switched on, it opens" : "Opens"} ${severity === "info" ? "an" : "a"} ${severity} ${incident} when ${condition} in ${
        of === "1" ? `1 ${unit}` : `${bad} of the last ${of} ${unit}s`}; closes after ${some(close, `good ${unit}`)}; ${
        /^(off|none)$/.test(reminders) ? "sends no reminders" : `reminds after ${reminders}`}.`;
    }
  });

  // 10. Checkboxes that write a text field, and follow it: <datalist data-choices-of="projects"> has the names of a list separated by commas;
  // <input data-weekly> has days and times, for example "mon-fri 22:00-06:00".
  const write = (input, value) => {
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const boxes = (input, title, names) => {
    const group = make("div", "", { className: "boxes" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", title);
    const each = names.map((value) => {
      const label = make("label"), box = make("input", "", { type: "checkbox", value });
      label.append(box, value);
      group.append(label);
      return box;
    });
    input.after(group);
    return [group, each];
  };
  const list = (text) => text.split(",").map((name) => name.trim()).filter(Boolean);
  for (const names of all("[data-choices-of]")) {
    const input = names.closest("form").elements.namedItem(names.dataset.choicesOf);
    const [group, each] = boxes(input, "Projects to choose from", [...names.options].map((option) => option.value));
    const follow = () => { for (const box of each) box.checked = list(input.value).includes(box.value); };
    group.addEventListener("change", ({ target }) => {
      const others = list(input.value).filter((name) => name !== target.value);
      write(input, (target.checked ? [...others, target.value] : others).join(", "));
    });
    group.addEventListener("input", (event) => event.stopPropagation());
    input.addEventListener("input", follow);
    follow();
  }
  const week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
  for (const input of all("input[data-weekly]")) {
    const [group, each] = boxes(input, "Days and times", week);
    const [from, to] = ["from", "to"].map((says) => {
      const label = make("label", says), time = make("input", "", { type: "time" });
      label.append(time);
      group.append(label);
      return time;
    });
    const follow = () => {
      const [, days, begin, end] = input.value.trim().toLowerCase().match(/^([a-z,-]+) (\d\d:\d\d)-(\d\d:\d\d)$/) ?? [];
      if (!days) return;
      const on = days.split(",").flatMap((part) => {
        const [first, last = first] = part.split("-").map((day) => week.indexOf(day));
        return first <= last ? week.slice(first, last + 1) : [...week.slice(first), ...week.slice(0, last + 1)];
      });
      for (const box of each) box.checked = on.includes(box.value);
      from.value = begin;
      to.value = end.replace("24:00", "00:00");
    };
    group.addEventListener("input", (event) => {
      event.stopPropagation();
      const on = each.filter((box) => box.checked).map((box) => box.value);
      if (on.length && from.value && to.value) write(input, `${on.join(",")} ${from.value}-${to.value === "00:00" ? "24:00" : to.value}`);
      else if (!on.length && event.target.type === "checkbox") write(input, "");
    });
    input.addEventListener("input", follow);
    follow();
  }

  // Runs at the start, and after a region was replaced.
  function enhance() {
    for (const button of all("[data-copy], [data-keys-help]")) button.hidden = false;
    for (const node of all("time:not([title])")) if (Date.parse(node.dateTime)) node.title = local.format(new Date(node.dateTime));
    for (const input of all("[data-filter]")) if (input.value) filter(input);
    tick();
    zone();
  }
  enhance();
})();
