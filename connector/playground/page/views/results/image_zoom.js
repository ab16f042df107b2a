// The dialog in which a figure is looked at closely.

import { isHuge } from "../../content/image_cost.js";
import { alternative, imageAddress } from "../../content/presentation.js";
import { html } from "../../libraries/lit-html.js";
import { contentHolder, loadOutput, saveOutput } from "../../state/runs/outputs.js";
import { update } from "../../state/store.js";
import { closeDialog, dialog } from "../controls/dialog.js";
import { icon } from "../controls/icons.js";

const STEP = 1.25;
const SMALLEST = 0.1;
const LARGEST = 8;

/** An image that is fitted to its place until it is made larger or smaller. */
class ZoomableImage extends HTMLElement {
  #image = new Image();
  /** @type {number | null} */
  #scale = null;

  constructor() {
    super();
    this.#image.addEventListener("load", () => {
      if (isHuge(this.#image))
        this.textContent = "The browser cannot show the original. Save it to look at it elsewhere.";
      else this.#image.classList.add("drawn");
    });
    this.#image.addEventListener("dblclick", () => (this.#scale === null ? this.zoom(0) : this.fit()));
  }

  connectedCallback() {
    this.append(this.#image);
  }

  /** @param {string} address */
  set address(address) {
    this.#image.src = address;
  }

  /** @param {string} text */
  set alternative(text) {
    this.#image.alt = text;
  }

  /** @param {number} steps up if positive, down if negative; 0 is the size of the image itself */
  zoom(steps) {
    const width = this.#image.naturalWidth || this.#image.width;
    const now = this.#scale ?? this.#image.width / width;
    this.#scale = steps === 0 ? 1 : Math.min(LARGEST, Math.max(SMALLEST, now * STEP ** steps));
    const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = this;
    const center = [(scrollLeft + clientWidth / 2) / scrollWidth, (scrollTop + clientHeight / 2) / scrollHeight];
    this.classList.add("scaled");
    this.#image.style.width = `${Math.round(width * this.#scale)}px`;
    this.scrollTo(center[0] * this.scrollWidth - clientWidth / 2, center[1] * this.scrollHeight - clientHeight / 2);
  }

  fit() {
    this.#scale = null;
    this.classList.remove("scaled");
    this.#image.style.width = "";
  }
}

customElements.define("zoomable-image", ZoomableImage);

/**
 * @param {import("../../state/types.js").Session} session
 * @param {string} key
 * @param {import("../../api/models.js").Output} output
 */
export function openZoom(session, key, output) {
  update((state) => {
    state.results.zoomed = { key, output };
    state.dialog = "figure";
  });
  // Of an image that was reduced for the response, the original.
  if (output.isReduced && output.fileName) loadOutput(session, key, output, { evenIfLarge: true });
}

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 */
export function imageZoom(state, session) {
  const { zoomed } = state.results;
  const content = zoomed && contentHolder(zoomed.key, zoomed.output)?.content;
  if (!zoomed || content === undefined || content === null) return html``;
  const { key, output } = zoomed;
  return dialog({
    title: output.title || "Chart",
    wide: true,
    content: html`<div class="zoom-view" @keydown=${byKey}>
      <div class="zoom-tools" role="toolbar" aria-label="Zoom">
        <button type="button" class="button" aria-label="Smaller" @click=${(/** @type {Event} */ event) => imageOf(event).zoom(-1)}>−</button>
        <button type="button" class="button" aria-label="Larger" @click=${(/** @type {Event} */ event) => imageOf(event).zoom(1)}>+</button>
        <button type="button" class="button" aria-label="Actual size" @click=${(/** @type {Event} */ event) => imageOf(event).zoom(0)}>100%</button>
        <button type="button" class="button" @click=${(/** @type {Event} */ event) => imageOf(event).fit()}>Fit</button>
        <span class="spacer"></span>
        <button type="button" class="button" @click=${() => saveOutput(session, key, output)}>${icon("download")} Save</button>
      </div>
      <zoomable-image autofocus tabindex="0" role="region" aria-label="Image, scrollable" .address=${imageAddress(output, content)} .alternative=${alternative(output)}></zoomable-image>
    </div>`,
    onClose: close,
  });
}

function close() {
  closeDialog();
  update(({ results }) => {
    results.zoomed = null;
  });
}

/** @param {Event} event */
function imageOf(event) {
  const view = /** @type {Element} */ (event.target).closest(".zoom-view");
  return /** @type {ZoomableImage} */ (view?.querySelector("zoomable-image"));
}

/** @param {KeyboardEvent} event */
function byKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return; // which zoom the page
  if (event.key === "+" || event.key === "=") imageOf(event).zoom(1);
  else if (event.key === "-") imageOf(event).zoom(-1);
  else if (event.key === "0") imageOf(event).fit();
  else return;
  event.preventDefault();
}
