// The sessions as tabs, and what can be done with the one that is shown.
import { html, nothing, ref } from "../../libraries/lit-html.js";
import { isRunning, keepSession } from "../../state/lifetime.js";
import { openSessionDialog, requestClose } from "../../state/sessions/session_dialogs.js";
import { openSession, renameSession, showSession, startRenaming } from "../../state/sessions/sessions.js";
import { state as store } from "../../state/store.js";
import { icon } from "../controls/icons.js";
import { focusTab, scrollToTab, tabs } from "../controls/tabs.js";
import { memoryMenu } from "./memory_menu.js";
import { sessionId } from "./session_id.js";
import { sessionMenu } from "./session_menu.js";
import { age, timeLeft } from "./session_times.js";

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").Session} Session */

/**
 * @param {State} state
 * @param {Session} session
 */
export function sessionBar(state, session) {
  return html`<nav class="sessions" aria-label="Sessions">
    <div class="session-tabs">
      ${tabs({
        label: "Sessions",
        name: "tab",
        tabs: state.sessions.map((each) => ({
          key: each.key,
          content: tab(state, each),
          controls: "panes",
          shortcuts: "F2 Delete",
        })),
        selected: session.key,
        onSelect: select,
        onRename: startRenaming,
        onClose: requestClose,
      })}
      ${state.renaming === null ? nothing : nameField(state.sessions.find((each) => each.key === state.renaming))}
    </div>
    <button type="button" class="quiet" aria-label="New session" title="New session" @click=${() => scrollToTab("tab", openSession().key)}>
      ${icon("add")}
    </button>
    <div class="spacer"></div>
    ${session.status === "active" ? facts(state, session) : nothing} ${memoryMenu(state)} ${sessionMenu(state, session)}
  </nav>`;
}

/** @param {string} key */
function select(key) {
  showSession(key);
  scrollToTab("tab", key); // all of it, with the cross that closes it
}

/**
 * @param {State} state
 * @param {Session} session
 */
function tab(state, session) {
  const status = isRunning(session) ? "running" : session.status;
  return html`<span class="dot ${status}"></span><span class="tab-name">${session.name}</span>${
    status === "active"
      ? html`<span class="digits ${session.lifetime.isWarned ? "expiring" : ""}" aria-hidden="true">${timeLeft(state, session)}</span>`
      : status === "new"
        ? nothing
        : html`<span class=${status === "running" ? "visually-hidden" : "tab-status"}><span class="visually-hidden">, </span>${status}</span>`
  }<span class="tab-close" title="Close (Delete)" @click=${(/** @type {MouseEvent} */ event) => {
    event.stopPropagation();
    requestClose(session.key);
  }}>${icon("cancel")}</span>`;
}

/**
 * @param {State} state
 * @param {Session} session
 */
function facts(state, session) {
  if (session.lifetime.isWarned && !isRunning(session))
    return html`<span class="expiring roomy">Its files and variables are about to be deleted</span>
      <button type="button" class="button" @click=${() => {
        focusTab("tab", session.key); // because the button goes
        keepSession(session);
      }}>Keep it</button>`;
  return html`<div class="session-facts">
    ${session.createdAt === null ? nothing : html`<span class="muted digits">${age(state.now - session.createdAt)}</span>`}
    ${sessionId(state, session)}
    <button type="button" class="quiet" @click=${() => openSessionDialog("end-session", session.key)}>End session</button>
  </div>`;
}

/** @param {Session | undefined} session */
function nameField(session) {
  if (!session) return nothing;
  return html`<input class="tab-rename" type="text" maxlength="40" aria-label="Name of the session" autocomplete="off"
    .value=${session.name} ${ref(placeOverTab)}
    @blur=${(/** @type {FocusEvent & {currentTarget: HTMLInputElement}} */ event) => renameSession(session.key, event.currentTarget.value)}
    @keydown=${(/** @type {KeyboardEvent & {currentTarget: HTMLInputElement}} */ event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      renameSession(session.key, event.key === "Enter" ? event.currentTarget.value : "");
      focusTab("tab", session.key);
    }}>`;
}

/** @param {Element | undefined} element */
function placeOverTab(element) {
  queueMicrotask(() => {
    const tab = document.getElementById(`tab-${store.renaming}`);
    if (!(element instanceof HTMLInputElement) || !element.isConnected || !tab) return;
    element.style.left = `${tab.offsetLeft}px`;
    element.style.width = `${tab.offsetWidth}px`;
    element.select();
  });
}
