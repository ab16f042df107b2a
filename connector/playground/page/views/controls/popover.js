// A button, and the panel that it opens below itself. Esc and a click elsewhere close it: the browser sees to that.
import { html } from "../../libraries/lit-html.js";

const MARGIN = 8;

/**
 * @param {{id: string, label: string, button: unknown, content: unknown}} panel label is for screen readers, and button
 *   is what people see
 */
export function popover({ id, label, button, content }) {
  return html`<button type="button" class="quiet" popovertarget=${id} aria-label=${label} title=${label}>${button}</button>
    <div id=${id} class="panel" popover role="group" aria-label=${label} @beforetoggle=${place}>${content}</div>`;
}

/**
 * An entry of a panel: closes it, and does something.
 * @param {unknown} content
 * @param {() => void} act
 */
export function entry(content, act) {
  return html`<button type="button" class="entry" @click=${(/** @type {MouseEvent} */ event) => {
    // First, so that the focus is on the panel's button, to which it returns from a dialog.
    /** @type {HTMLElement | null} */ (
      /** @type {HTMLElement} */ (event.currentTarget).closest("[popover]")
    )?.hidePopover();
    act();
  }}>${content}</button>`;
}

/** @param {ToggleEvent & {currentTarget: HTMLElement}} event */
function place({ currentTarget: panel, newState }) {
  const button = document.querySelector(`[popovertarget="${panel.id}"]`);
  if (newState !== "open" || !button) return;
  const { bottom, right } = button.getBoundingClientRect();
  panel.style.top = `${bottom + MARGIN / 2}px`;
  panel.style.right = `${Math.max(MARGIN, document.documentElement.clientWidth - right)}px`;
  panel.style.maxHeight = `${Math.max(160, document.documentElement.clientHeight - bottom - 2 * MARGIN)}px`;
}
