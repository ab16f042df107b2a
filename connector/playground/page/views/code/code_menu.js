// A button that opens a list of programs, each with a note. The browser closes it on Esc and on a click elsewhere, and gives the focus
// back to the button.
import { html, nothing } from "../../libraries/lit-html.js";
import { icon } from "../controls/icons.js";

const WIDTH = 296;

/** @param {ToggleEvent & {currentTarget: HTMLElement}} event */
function place({ currentTarget: list, newState }) {
  const button = document.querySelector(`[popovertarget="${list.id}"]`);
  if (newState !== "open" || !button) return;
  const { left, bottom } = button.getBoundingClientRect();
  list.style.left = `${Math.max(8, Math.min(left, innerWidth - WIDTH - 8))}px`;
  list.style.top = `${bottom + 4}px`;
  list.style.maxHeight = `${innerHeight - bottom - 16}px`;
}

/** @param {KeyboardEvent & {currentTarget: HTMLElement}} event */
function move(event) {
  const items = [...event.currentTarget.querySelectorAll("button")];
  const at = items.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items[(next + items.length) % items.length].focus();
}

/**
 * @param {{id: string, label: string, items: {name: string, note: string, isCode?: boolean, choose: () => void}[]}} menu
 *   isCode: whether the note is code
 */
export function codeMenu({ id, label, items }) {
  return html`<button type="button" class="quiet code-menu-button" popovertarget=${id}>${label}${icon("chevron")}</button>
    <div id=${id} class="code-menu" popover aria-label=${label} role="group" @beforetoggle=${place} @keydown=${move}>
      ${items.map(({ name, note, isCode, choose }, index) => {
        const chosen = (/** @type {Event & {currentTarget: HTMLElement}} */ event) => {
          /** @type {HTMLElement | null} */ (event.currentTarget.closest("[popover]"))?.hidePopover();
          choose();
        };
        return html`<button type="button" ?autofocus=${index === 0} @click=${chosen}>
          ${name}${note ? html`<span class=${isCode ? "code" : ""}>${note}</span>` : nothing}
        </button>`;
      })}
    </div>`;
}
