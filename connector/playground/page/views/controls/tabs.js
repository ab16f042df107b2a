// Tabs, as screen readers know them: one stop of the Tab key, and arrow keys, Home and End select.
import { html, nothing, repeat } from "../../libraries/lit-html.js";

/**
 * @typedef {Object} Tab
 * @property {string} key
 * @property {unknown} content
 * @property {string} [controls] the id of what it shows
 * @property {string} [shortcuts] keys besides those of all tabs, for screen readers
 */

/**
 * @typedef {Object} Actions
 * @property {(key: string) => void} onSelect
 * @property {(key: string) => void} [onRename] F2 and double click
 * @property {(key: string) => void} [onClose] Delete, and a click with the middle button
 */

/**
 * @param {{label: string, name: string, tabs: Tab[], selected: string} & Actions} strip name is the beginning of ids
 */
export function tabs({ label, name, tabs: items, selected, ...actions }) {
  return html`<div class="tabs" role="tablist" aria-label=${label} @keydown=${(/** @type {KeyboardEvent} */ event) => move(event, selected, actions)}>
    ${repeat(
      items,
      (tab) => tab.key,
      (tab) => html`<button type="button" class="tab" role="tab" id="${name}-${tab.key}" data-key=${tab.key}
        aria-selected=${tab.key === selected} aria-controls=${tab.controls ?? nothing} aria-keyshortcuts=${tab.shortcuts ?? nothing}
        tabindex=${tab.key === selected ? 0 : -1}
        @click=${() => actions.onSelect(tab.key)}
        @dblclick=${() => actions.onRename?.(tab.key)}
        @auxclick=${(/** @type {MouseEvent} */ event) => event.button === 1 && actions.onClose?.(tab.key)}
      >${tab.content}</button>`,
    )}
  </div>`;
}

/**
 * @param {KeyboardEvent} event
 * @param {string} selected
 * @param {Actions} actions
 */
function move(event, selected, { onSelect, onRename, onClose }) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const strip = /** @type {HTMLElement} */ (event.currentTarget);
  const keys = [...strip.querySelectorAll('[role="tab"]')].map(
    (tab) => /** @type {HTMLElement} */ (tab).dataset.key ?? "",
  );
  const index = keys.indexOf(selected);
  const last = keys.length - 1;
  /** @type {Record<string, number>} */
  const targets = {
    ArrowLeft: index > 0 ? index - 1 : last,
    ArrowRight: index < last ? index + 1 : 0,
    Home: 0,
    End: last,
  };
  if (event.key in targets) onSelect(keys[targets[event.key]]);
  else if (event.key === "F2" && onRename) onRename(selected);
  else if (event.key === "Delete" && onClose) onClose(selected);
  else return;
  event.preventDefault();
  queueMicrotask(() => focusSelected(strip)); // after the page is rendered
}

/**
 * Moves the focus to a tab, such as from a button that goes when it is pressed.
 * @param {string} name that of the strip
 * @param {string} key
 */
export function focusTab(name, key) {
  document.getElementById(`${name}-${key}`)?.focus();
}

/**
 * Scrolls to the tab that the next render selects, such as a new one.
 * @param {string} name that of the strip
 * @param {string} key
 */
export function scrollToTab(name, key) {
  queueMicrotask(() => {
    document.getElementById(`${name}-${key}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

/** @param {HTMLElement} strip */
function focusSelected(strip) {
  const active = document.activeElement;
  if (active !== document.body && !strip.contains(active)) return; // such as a dialog that was opened
  const tab = /** @type {HTMLElement | null} */ (strip.querySelector('[aria-selected="true"]'));
  tab?.focus(); // which scrolls to it
}
