// The line between two panes, which moves by mouse, by touch and by arrow keys.
import { html } from "../libraries/lit-html.js";

/**
 * @param {{name: string, label: string, controls: string, value: number, least: number, most: number, initial: number,
 *   step: number, valueAt: (x: number, width: number) => number, onMove: (value: number) => void}} line valueAt is that
 *   of a place x in the panes, which are so wide together
 */
export function splitter({ name, label, controls, value, least, most, initial, step, valueAt, onMove }) {
  /** @param {number} wanted */
  const move = (wanted) => onMove(Math.round(Math.min(most, Math.max(least, wanted))));
  /** @param {PointerEvent & {currentTarget: HTMLElement}} event */
  const drag = ({ currentTarget: line, pointerId, clientX }) => {
    const panes = line.parentElement;
    if (!panes || !line.hasPointerCapture(pointerId)) return;
    const { left, width } = panes.getBoundingClientRect();
    move(valueAt(clientX - left, width));
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    // The arrow moves the line to that side, whichever side the value is measured from.
    const right = valueAt(1001, 2000) > valueAt(1000, 2000) ? step : -step;
    /** @type {Record<string, number>} */
    const targets = { ArrowLeft: value - right, ArrowRight: value + right, Home: least, End: most, Enter: initial };
    if (!(event.key in targets)) return;
    event.preventDefault();
    move(targets[event.key]);
  };
  return html`<div class="splitter ${name}" role="separator" aria-orientation="vertical" aria-label=${label} tabindex="0"
    aria-controls=${controls} aria-valuenow=${value} aria-valuemin=${least} aria-valuemax=${most}
    @pointerdown=${(/** @type {PointerEvent & {currentTarget: HTMLElement}} */ event) => {
      if (event.button === 0) event.currentTarget.setPointerCapture(event.pointerId);
    }}
    @pointermove=${drag} @dblclick=${() => move(initial)} @keydown=${press}></div>`;
}
