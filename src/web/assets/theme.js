// Runs before the first paint: applies the chosen theme, so that nothing flashes, and marks the page as having JavaScript.
// <button data-theme-switch hidden> cycles: system, light, dark.
(() => {
  "use strict";
  const root = document.documentElement;
  const next = { light: "dark", dark: "" };
  root.classList.add("js");
  const take = (theme) => { if (theme in next) root.dataset.theme = theme; else delete root.dataset.theme; };
  const say = () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.textContent = `Colours: ${root.dataset.theme ?? "system"}`;
    }
  };
  try { take(localStorage.getItem("theme")); } catch { /* no storage: the system's colours */ }
  document.addEventListener("DOMContentLoaded", say);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    take(next[root.dataset.theme] ?? "light");
    try { localStorage.setItem("theme", root.dataset.theme ?? ""); } catch { /* no storage: for this page only */ }
    say();
    document.dispatchEvent(new Event("heartbeat:theme"));
  });
})();
