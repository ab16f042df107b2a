// An address that a dialog has got: to read, to select and to copy.
import { html } from "../../libraries/lit-html.js";
import { copyButton } from "./copy.js";

/**
 * @param {{label: string, address: string, more?: unknown}} result more stands beside the button that copies it
 */
export function resultAddress({ label, address, more }) {
  const select = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.currentTarget).select();
  return html`<div class="result-address">
    <label class="field"><span>${label}</span>
      <input type="text" readonly .value=${address} @focus=${select} spellcheck="false">
    </label>
    <div class="result-address-buttons">${copyButton("Copy", () => address)}${more}</div>
  </div>`;
}
