// The clock of the page: it moves what counts down, and looks after sessions that are about to expire.
import { noticeExpiry } from "./lifetime.js";
import { state, subscribe, update } from "./store.js";

const SECOND = 1_000;
const CALM = 15 * SECOND; // where only minutes are shown
export const SECONDS_SHOWN = 10 * 60 * SECOND; // before a session expires

/** @type {ReturnType<typeof setTimeout>} */
let timer;
let pause = CALM;

/** Starts it. While nobody sees the page, it stands still. */
export function startClock() {
  document.addEventListener("visibilitychange", tick);
  tick();
  subscribe(() => {
    if (pause === CALM && hasCountdown() && !document.hidden) tick();
  });
}

function tick() {
  clearTimeout(timer);
  if (document.hidden) return;
  pause = hasCountdown() ? SECOND : CALM;
  timer = setTimeout(tick, pause - (Date.now() % SECOND));
  update((state) => {
    state.now = Date.now();
  });
  for (const session of state.sessions) noticeExpiry(session);
}

/** @returns {boolean} whether seconds are shown somewhere */
function hasCountdown() {
  return state.sessions.some(({ expiresAt }) => expiresAt !== null && expiresAt - Date.now() < SECONDS_SHOWN);
}
