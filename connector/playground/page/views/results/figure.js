// An image that a run displayed. It is only ever an image: what an SVG contains runs and loads nothing there, and as a
// data: address it has no origin, even if someone opens it in a tab.

import { isEndless, isHuge } from "../../content/image_cost.js";
import { alternative, imageAddress, isText } from "../../content/presentation.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { saveOutput } from "../../state/runs/outputs.js";
import { state as store, update } from "../../state/store.js";
import { icon } from "../controls/icons.js";
import { openZoom } from "./image_zoom.js";
import { linkButton } from "./link_button.js";
import { resultBlock } from "./result_block.js";

/** @typedef {import("../../api/models.js").Output} Output */

/**
 * @param {import("../../state/types.js").Session} session
 * @param {string} key
 * @param {Output} output
 * @param {string} content
 */
export function figure(session, key, output, content) {
  const isBroken = store.results.broken[key] || (isText(output) && isEndless(output, content));
  const zoom = () => openZoom(session, key, output);
  return resultBlock({
    heading: "Chart",
    label: output.title ? `Chart: ${output.title}` : "Chart",
    facts: output.isReduced ? "smaller than the original" : "",
    actions: html`
      ${isBroken ? nothing : html`<button type="button" class="quiet" @click=${zoom}>${icon("zoom")} Zoom</button>`}
      <button type="button" class="quiet" @click=${() => saveOutput(session, key, output)}>${icon("download")} Save</button>
      ${linkButton(session, output)}
    `,
    content: isBroken
      ? html`<p class="muted">The browser cannot show this image. Save it to look at it elsewhere.</p>`
      : html`<figure class="chart">
          <img
            src=${imageAddress(output, content)}
            alt=${alternative(output)}
            @click=${zoom}
            @load=${(/** @type {Event} */ event) => drawIfPossible(key, event)}
            @error=${() => setBroken(key)}
          />
        </figure>`,
  });
}

/**
 * @param {string} key
 * @param {Event} event of an image that is loaded, and not drawn yet
 */
function drawIfPossible(key, { target }) {
  const image = /** @type {HTMLImageElement} */ (target);
  if (isHuge(image)) setBroken(key);
  else image.classList.add("drawn");
}

/** @param {string} key */
function setBroken(key) {
  update(({ results }) => {
    results.broken[key] = true;
  });
}
