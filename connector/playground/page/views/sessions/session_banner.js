// What has happened to the session that is shown, if people have to know about it.
import { html, nothing } from "../../libraries/lit-html.js";
import { restartSession } from "../../state/sessions/ending.js";
import { requestClose } from "../../state/sessions/session_dialogs.js";
import { update } from "../../state/store.js";
import { focusTab } from "../controls/tabs.js";
import { period } from "./session_times.js";

/** @typedef {import("../../state/types.js").Session} Session */

/**
 * @param {import("../../state/types.js").State} _state
 * @param {Session} session
 */
export function sessionBanner(_state, session) {
  if (session.status === "expired") {
    const why = session.lifetime.cooldown === null ? "" : ` It was not used for ${period(session.lifetime.cooldown)}.`;
    return banner("This session has expired.", `${why} Its variables and files are gone. ${kept(session)}`, [
      restartButton(session),
    ]);
  }
  if (session.status === "ended") {
    return banner("This session has ended.", ` Its variables and files are deleted. ${kept(session)}`, [
      restartButton(session),
      html`<button type="button" class="quiet" @click=${() => requestClose(session.key)}>Close tab</button>`,
    ]);
  }
  if (session.renewal === "session") {
    const text = " It had expired, and started again when it was used: earlier variables and files are gone.";
    return banner("This session is a new one.", text, [
      session.sources.size > 0 ? restartButton(session, `Upload the same ${files(session)} again`) : nothing,
      dismissButton(session),
    ]);
  }
  if (session.renewal === "interpreter") {
    const text = " Variables of earlier runs are gone; the files are kept.";
    return banner("The interpreter was restarted.", text, [dismissButton(session)]);
  }
  return nothing;
}

/**
 * @param {string} title
 * @param {string} text
 * @param {unknown[]} buttons
 */
function banner(title, text, buttons) {
  return html`<div class="banner" role="alert"><p><strong>${title}</strong>${text}</p><div class="banner-buttons">${buttons}</div></div>`;
}

/**
 * @param {Session} session
 * @param {string} [label]
 */
function restartButton(
  session,
  label = session.sources.size > 0 ? `Start again with the same ${files(session)}` : "Start again",
) {
  return html`<button type="button" class="button" @click=${() => {
    focusTab("tab", session.key);
    restartSession(session);
  }}>${label}</button>`;
}

/** @param {Session} session */
function dismissButton(session) {
  const dismiss = () => {
    focusTab("tab", session.key);
    update(() => {
      session.renewal = null;
    });
  };
  return html`<button type="button" class="quiet" @click=${dismiss}>Dismiss</button>`;
}

/** @param {Session} session */
function kept(session) {
  return session.runs.length > 0 ? "Your code and the results on this page are kept." : "Your code is kept.";
}

/** @param {Session} session */
function files({ sources }) {
  return sources.size === 1 ? "file" : `${sources.size} files`;
}
