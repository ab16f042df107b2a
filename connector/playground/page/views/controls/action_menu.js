// A button that opens a menu. The browser shows it above all else, and closes it by Esc or a click beside it.
import { html, ifDefined, nothing, ref } from "../../libraries/lit-html.js";
import { update } from "../../state/store.js";
import { icon } from "./icons.js";

/**
 * @typedef {Object} Item
 * @property {string} label
 * @property {() => void} onSelect
 * @property {boolean} [isChecked] for one of several choices
 * @property {boolean} [isDangerous]
 * @property {string} [refusal] why it cannot be chosen now, if it cannot
 * @property {boolean} [isDivided] whether a line separates it from those above
 */

const GAP = 4;
const ITEM_HEIGHT = 34; // as in action_menu.css, and more: it decides on which side of the button there is room

/**
 * @param {import("../../state/types.js").State} state
 * @param {{key: string, label: string, items: () => Item[]}} menu key tells the menus of the page apart
 */
export function menuButton(state, { key, label, items }) {
  const shown = state.menu === key ? items() : null;
  return html`<button type="button" class="quiet" aria-haspopup="menu" aria-label=${label} ${ref(connect)}
      @keydown=${openByArrow}>${icon("more")}</button
    ><div class="action-menu" popover="auto" role="menu" aria-label=${label}
      @beforetoggle=${(/** @type {ToggleEvent} */ event) => prepare(event, key)}
      @toggle=${(/** @type {ToggleEvent} */ event) => finish(event, key)} @keydown=${move}>${shown ? shown.map(menuItem) : nothing}</div>`;
}

/** @param {Item} item */
function menuItem({ label, onSelect, isChecked, refusal = "", isDangerous = false, isDivided = false }) {
  const isChoice = isChecked !== undefined;
  return html`<button type="button" tabindex="-1" role=${isChoice ? "menuitemradio" : "menuitem"}
    aria-disabled=${ifDefined(refusal ? "true" : undefined)} title=${ifDefined(refusal || undefined)}
    aria-checked=${ifDefined(isChoice ? String(isChecked) : undefined)}
    class="${isDangerous ? "dangerous" : ""} ${isDivided ? "divided" : ""}"
    @click=${(/** @type {Event} */ event) => !refusal && select(event, onSelect)}
    >${isChoice ? html`<span class="mark">${isChecked ? icon("check") : nothing}</span>` : nothing}${label}</button>`;
}

/** @param {Element | undefined} button */
function connect(button) {
  if (button instanceof HTMLButtonElement && button.nextElementSibling instanceof HTMLElement)
    button.popoverTargetElement = button.nextElementSibling;
}

/** @param {KeyboardEvent} event */
function openByArrow(event) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  /** @type {HTMLElement} */ (event.currentTarget).click();
}

/**
 * @param {ToggleEvent} event
 * @param {string} key
 */
function prepare(event, key) {
  const menu = /** @type {HTMLElement} */ (event.currentTarget);
  if (event.newState !== "open" || !menu.previousElementSibling) return;
  update((state) => {
    state.menu = key;
  });
  const button = menu.previousElementSibling.getBoundingClientRect();
  const isBelow = button.bottom + 7 * ITEM_HEIGHT < innerHeight || button.top < innerHeight / 2;
  menu.style.right = `${Math.max(GAP, innerWidth - button.right)}px`;
  menu.style.top = isBelow ? `${button.bottom + GAP}px` : "auto";
  menu.style.bottom = isBelow ? "auto" : `${innerHeight - button.top + GAP}px`;
}

/**
 * The items go after the menu was closed, because the browser gives the focus back from them.
 * @param {ToggleEvent} event
 * @param {string} key
 */
function finish(event, key) {
  if (event.newState === "open") itemsOf(event)[0]?.focus();
  else
    update((state) => {
      if (state.menu === key) state.menu = null;
    });
}

/** @param {Event} event */
function itemsOf(event) {
  const menu = /** @type {HTMLElement} */ (event.currentTarget);
  return /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("button")]);
}

/** @param {KeyboardEvent} event */
function move(event) {
  const items = itemsOf(event);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const targets = /** @type {Record<string, number>} */ ({
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  });
  if (event.key === "Tab") /** @type {HTMLElement} */ (event.currentTarget).hidePopover();
  if (!(event.key in targets)) return;
  event.preventDefault();
  items[targets[event.key]]?.focus();
}

/**
 * @param {Event} event
 * @param {() => void} onSelect
 */
function select(event, onSelect) {
  const menu = /** @type {HTMLElement} */ (event.currentTarget).closest("[popover]");
  if (menu instanceof HTMLElement) menu.hidePopover(); // which gives the focus back to the button
  onSelect();
}
