// What script adds to pages that work without it. Each part looks for its data attribute, and does nothing where there is none.
(() => {
  "use strict";
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const one = (what, within = document) => within.querySelector(what);
  const on = (what, kind, run) => document.addEventListener(kind, (event) => {
    const at = event.target instanceof Element && event.target.closest(what);
    if (at) run(at, event);
  });
  const stored = (key, value) => {
    try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value); } catch { return null; }
  };
  const later = (wait, run) => {
    let timer;
    return (...with_) => { clearTimeout(timer); timer = setTimeout(run, wait, ...with_); };
  };

  // 1. Regions that are replaced: [data-live-id]. Compared as the server drew them, so that what script did to them does not count.
  const drawn = new Map(all("[data-live-id]").map((region) => [region.dataset.liveId, region.outerHTML]));
  const nth = (node, within) => all(node.tagName, within).indexOf(node);
  const place = (node, within) => (node.id ? `#${CSS.escape(node.id)}` : [node.tagName, nth(node, within)]);
  const found = (way, within) => (typeof way === "string" ? one(way, within) : all(way[0], within)[way[1]]);

  function replace(region, fresh) {
    const busy = document.activeElement;
    const inside = region.contains(busy) && busy !== region;
    if (inside && busy.matches("input, select, textarea") && region.matches("form, form *, :has(form)")) return false;
    const focus = inside && place(busy, region);
    const open = all("details", region).map((node) => [place(node, region), node.open]);
    const scrolled = all("[tabindex], .log, pre", region).filter((node) => node.scrollTop || node.scrollLeft)
      .map((node) => [place(node, region), node.scrollTop, node.scrollLeft]);
    const self = [region.scrollTop, region.scrollLeft];
    for (const name of region.getAttributeNames()) if (!fresh.hasAttribute(name)) region.removeAttribute(name);
    for (const name of fresh.getAttributeNames()) region.setAttribute(name, fresh.getAttribute(name));
    region.replaceChildren(...fresh.childNodes);
    [region.scrollTop, region.scrollLeft] = self;
    for (const [way, is] of open) { const node = found(way, region); if (node) node.open = is; }
    for (const [way, top, left] of scrolled) { const node = found(way, region); if (node) node.scrollTo(left, top); }
    if (focus) found(focus, region)?.focus({ preventScroll: true });
    return true;
  }

  let asking;
  async function refresh(address = location.href) {
    asking?.abort();
    asking = new AbortController();
    const answer = await fetch(address, { signal: asking.signal, headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (answer.redirected && new URL(answer.url).pathname !== new URL(address, location.href).pathname) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const region of all("[data-live-id]")) {
      const id = region.dataset.liveId;
      const fresh = one(`[data-live-id="${CSS.escape(id)}"]`, page);
      const html = fresh?.outerHTML;
      if (fresh && html !== drawn.get(id) && replace(region, fresh)) drawn.set(id, html);
    }
    if (page.title) document.title = page.title;
    enhance();
    document.dispatchEvent(new Event("heartbeat:refreshed"));
  }

  // 2. Live: <body data-live="/live?project=shop">, told by server-sent events; [data-live-mark] says how it stands, and pauses it.
  const stream = document.body.dataset.live;
  const mark = one("[data-live-mark]");
  if (stream && window.EventSource) {
    let source, retry, tries = 0, held = false;
    const say = (state) => {
      if (!mark) return;
      mark.hidden = false;
      mark.dataset.state = state;
      mark.textContent = state;
      mark.title = { live: "Changes show at once. Press to pause.", paused: "Press to follow again.", offline: "Heartbeat does not answer; trying again." }[state];
    };
    const update = later(250, () => refresh().catch((trouble) => { if (trouble.name !== "AbortError") say("offline"); }));
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
        retry = setTimeout(connect, Math.min(60, 2 ** tries++) * 1000 * (0.75 + Math.random() / 2));
      };
    };
    const resume = () => { tries = 0; connect(); if (source) update(); };
    document.addEventListener("visibilitychange", () => { if (document.hidden) { close(); say("paused"); } else resume(); });
    window.addEventListener("pagehide", close);
    window.addEventListener("pageshow", (event) => { if (event.persisted) resume(); });
    mark?.addEventListener("click", () => { held = !held; if (held) { close(); say("paused"); } else resume(); });
    connect();
  }

  // 3. Times: data-since counts up, data-ago says how long ago; any <time datetime> has the local time as its title.
  const two = (number) => String(number % 60).padStart(2, "0");
  const span = (s, exact) => (s < 60 ? `${s}s` : s < 3600 ? `${Math.floor(s / 60)}m${exact ? ` ${two(s)}s` : ""}`
    : s < 172800 ? `${Math.floor(s / 3600)}h ${two(Math.floor(s / 60))}m` : `${Math.floor(s / 86400)}d`);
  const skew = Date.parse(document.body.dataset.now ?? "") - Date.now() || 0;
  function tick() {
    const now = Date.now() + skew;
    for (const node of all("time[data-since], time[data-ago]")) {
      const counts = "since" in node.dataset;
      const from = Date.parse((counts ? node.dataset.since : node.dataset.ago) || node.dateTime);
      if (Number.isNaN(from)) continue;
      const seconds = Math.floor((now - from) / 1000);
      const text = counts ? span(Math.max(0, seconds), true) : seconds < 0 ? `in ${span(-seconds)}` : seconds < 5 ? "just now" : `${span(seconds)} ago`;
      if (node.textContent !== text) node.textContent = text;
    }
  }
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  if (one("time")) setInterval(() => { if (!document.hidden) tick(); }, 1000);

  // 4. Forms that check themselves: <form data-check="/address">, an <output data-for="name"> in each .field.
  const words = { ok: "Fine.", note: "Note.", fail: "Wrong." };
  for (const form of all("form[data-check]")) {
    let asked, last = "";
    const show = (name, result) => {
      const output = one(`output[data-for="${CSS.escape(name)}"]`, form);
      const field = output?.closest(".field");
      if (!output) return;
      const control = form.elements.namedItem(name);
      if (control instanceof Element) result?.mark === "fail" ? control.setAttribute("aria-invalid", "true") : control.removeAttribute("aria-invalid");
      if (!result || !words[result.mark]) { delete field.dataset.mark; return output.replaceChildren(); }
      field.dataset.mark = result.mark;
      const word = document.createElement("b");
      word.textContent = words[result.mark];
      output.replaceChildren(word, ` ${result.says ?? ""}`);
      if (result.advice) {
        const advice = document.createElement("span");
        advice.className = "advice";
        advice.textContent = result.advice;
        output.append(advice);
      }
    };
    const check = later(400, async () => {
      const body = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
      if (body.toString() === last) return;
      last = body.toString();
      asked?.abort();
      asked = new AbortController();
      form.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(form.dataset.check, { method: "POST", body, signal: asked.signal, headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (!answer.ok) throw new Error(String(answer.status));
        const results = new Map((await answer.json()).fields.map((field) => [field.name, field]));
        for (const output of all("output[data-for]", form)) show(output.dataset.for, results.get(output.dataset.for));
        form.removeAttribute("aria-busy");
      } catch (trouble) {
        if (trouble.name === "AbortError") return;
        last = "";
        form.removeAttribute("aria-busy");
      }
    });
    for (const kind of ["input", "change", "paste"]) form.addEventListener(kind, check);
  }

  // 5. Copy: <button class="copy" data-copy="#id" hidden>, also where the clipboard is closed to plain http.
  on("[data-copy]", "click", async (button) => {
    const source = one(button.dataset.copy);
    if (!source) return;
    const text = "value" in source ? source.value : source.textContent;
    let done = true;
    try { await navigator.clipboard.writeText(text); } catch {
      if ("select" in source) source.select(); else getSelection().selectAllChildren(source);
      done = document.execCommand("copy");
    }
    const was = (button.dataset.word ??= button.textContent);
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = was; }, 2000);
  });

  // 6. Theme: <button data-theme-switch hidden> goes from the system's to light to dark.
  const themes = ["system", "light", "dark"];
  const theme = () => document.documentElement.dataset.theme ?? "system";
  const sayTheme = () => { for (const button of all("[data-theme-switch]")) { button.hidden = false; button.textContent = `Colours: ${theme()}`; } };
  on("[data-theme-switch]", "click", () => {
    const next = themes[(themes.indexOf(theme()) + 1) % 3];
    if (next === "system") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = next;
    stored("theme", next);
    sayTheme();
    document.dispatchEvent(new Event("heartbeat:theme"));
  });

  // 7. Filters: <form data-auto> asks as soon as something is chosen; <input data-filter="#log"> hides what does not match.
  const ask = (form) => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string" && value !== ""));
    const address = new URL(form.getAttribute("action") || location.pathname, location.href);
    address.search = query;
    history.replaceState(null, "", address);
    refresh(address.href).catch((trouble) => { if (trouble.name !== "AbortError") location.assign(address); });
  };
  const askSoon = later(300, ask);
  on("form[data-auto]", "submit", (form, event) => { event.preventDefault(); ask(form); });
  on("form[data-auto]", "change", askSoon);
  on("form[data-auto]", "input", askSoon);
  const filter = (input) => {
    const list = one(input.dataset.filter);
    if (!list) return;
    const parts = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of list.children) {
      const text = item.textContent.toLowerCase();
      item.hidden = !parts.every((part) => text.includes(part));
      shown += item.hidden ? 0 : 1;
    }
    const count = one(`[data-count-of="${CSS.escape(input.dataset.filter)}"]`);
    if (count) count.textContent = parts.length ? `${shown} of ${list.children.length} shown` : "";
  };
  on("[data-filter]", "input", filter);

  // 8. Danger: <form data-confirm="words"> asks once more. Menus close by Escape, and by a click elsewhere.
  document.addEventListener("submit", (event) => {
    const words = event.target.dataset?.confirm;
    if (words && !confirm(words)) event.preventDefault();
  });
  document.addEventListener("click", (event) => { for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false; });

  // 9. Keys: / searches, ? helps, g and a letter goes (nav a[data-key]), arrows walk a strip. They can be switched off in the help.
  let help, going = 0;
  const line = (list, key, what) => {
    const term = document.createElement("dt"), words = document.createElement("dd");
    for (const part of key.split(" ")) { const kbd = document.createElement("kbd"); kbd.textContent = part; term.append(kbd, " "); }
    words.textContent = what;
    list.append(term, words);
  };
  function keys() {
    if (!help) {
      help = document.createElement("dialog");
      help.setAttribute("aria-labelledby", "keys-title");
      help.innerHTML = '<h2 id="keys-title">Keys</h2><dl class="facts"></dl><form method="dialog" class="actions"><button class="primary">Close</button><button value="off" class="quiet"></button></form>';
      const list = one("dl", help);
      line(list, "/", "search");
      for (const link of all("[data-key]")) line(list, `g ${link.dataset.key}`, link.firstChild.textContent.trim());
      line(list, "← →", "walk along a strip");
      line(list, "?", "this help");
      help.addEventListener("close", () => { if (help.returnValue === "off") stored("keys", stored("keys") === "off" ? "on" : "off"); help.returnValue = ""; });
      document.body.append(help);
    }
    one("[value=off]", help).textContent = stored("keys") === "off" ? "Switch single keys on" : "Switch single keys off";
    help.showModal();
  }
  on("[data-keys-help]", "click", keys);
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (event.key === "Escape") { const menu = at.closest?.("details.menu[open]"); if (menu) { menu.open = false; one("summary", menu).focus(); } }
    const cell = at.closest?.(".strip a");
    if (cell && /^(Arrow(Left|Right)|Home|End)$/.test(event.key)) {
      const cells = all("a", cell.closest(".strip")), here = cells.indexOf(cell);
      const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: cells.length - 1 }[event.key];
      event.preventDefault();
      return cells[to]?.focus();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || at.matches?.("input, select, textarea, [contenteditable]") || stored("keys") === "off") return;
    if (event.key === "/") { const search = one("[data-search], input[type=search]"); if (search) { event.preventDefault(); search.focus(); search.select(); } }
    else if (event.key === "?") keys();
    else if (event.key === "g") { going = Date.now(); return; }
    else if (Date.now() - going < 1500) one(`[data-key="${CSS.escape(event.key)}"]`)?.click();
    going = 0;
  });

  // What must be done anew when a region was replaced.
  function enhance() {
    for (const button of all("[data-copy][hidden]")) button.hidden = false;
    for (const node of all("time[datetime]:not([title])")) {
      const at = new Date(node.dateTime);
      if (!Number.isNaN(at.getTime()) && /T/.test(node.dateTime)) node.title = local.format(at);
    }
    for (const input of all("[data-filter]")) if (input.value) filter(input);
    for (const button of all("[data-keys-help]")) button.hidden = false;
    tick();
  }
  sayTheme();
  enhance();
})();
