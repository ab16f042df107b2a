// Light, dark, or as the system. The page's script theme.js has applied the choice before the first paint.
import { announce, state, update } from "./store.js";

const THEMES = /** @type {const} */ (["system", "light", "dark"]);

/** Takes over the choice that is remembered. */
export function startTheme() {
  const { theme } = document.documentElement.dataset;
  if (theme === "light" || theme === "dark") state.theme = theme;
}

/** @returns {(typeof THEMES)[number]} the one that `switchTheme` switches to */
export function nextTheme() {
  return THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length];
}

/** Switches to the next theme, and remembers it in this browser. */
export function switchTheme() {
  const theme = nextTheme();
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("playground.theme");
    else localStorage.setItem("playground.theme", theme);
  } catch {
    // The browser may not let pages store anything. Then the choice is for this time.
  }
  update((state) => {
    state.theme = theme;
  });
  announce(`Theme: ${theme}`);
}
