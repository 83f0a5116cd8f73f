// Runs before the page is drawn: takes the chosen theme, so that nothing flashes, and says that there is script.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch (_) { /* storage is off: the system's colours */ }
})();
