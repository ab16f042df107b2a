// A button, and the panel that it opens below or above itself. Esc and a click elsewhere close it: the browser sees to that.
import { html, ifDefined } from "../../libraries/lit-html.js";

const MARGIN = 8;
const WIDTH = 340; // as in popover.css

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
 * @param {string} [refusal] why it cannot be chosen now, if it cannot
 */
export function entry(content, act, refusal = "") {
  return html`<button type="button" class="entry" aria-disabled=${ifDefined(refusal ? "true" : undefined)}
    title=${ifDefined(refusal || undefined)} @click=${(/** @type {MouseEvent} */ event) => {
      if (refusal) return;
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
  const { top, bottom, right } = button.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const isBelow = bottom < clientHeight / 2;
  const room = isBelow ? clientHeight - bottom : top;
  panel.style.top = isBelow ? `${bottom + MARGIN / 2}px` : "auto";
  panel.style.bottom = isBelow ? "auto" : `${clientHeight - top + MARGIN / 2}px`;
  // As far to the right as the button, and on the page: a narrow page has it where there is room.
  panel.style.right = `${Math.max(MARGIN, Math.min(clientWidth - right, clientWidth - WIDTH - MARGIN))}px`;
  panel.style.maxHeight = `${Math.max(160, room - 2 * MARGIN)}px`;
}
