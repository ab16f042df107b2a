// Applies the theme that is remembered. Not a module: it runs before the first paint, which then needs no change.
try {
  const theme = localStorage.getItem("playground.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // The browser does not let pages store anything.
}
