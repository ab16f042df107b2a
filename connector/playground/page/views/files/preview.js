// The dialog that shows a file.

import { isHuge } from "../../content/image_cost.js";
import { pathOf, shownName } from "../../content/names.js";
import { exactTime, size as sizeText } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { downloadFile } from "../../state/files/downloads.js";
import { closePreview, failImage, showPreviewAs } from "../../state/files/preview.js";
import { copyButton } from "../controls/copy.js";
import { dataTable } from "../controls/data_table.js";
import { dialog } from "../controls/dialog.js";
import { htmlFrame } from "../controls/html_frame.js";
import { icon } from "../controls/icons.js";

/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").Preview} Preview */

/**
 * @param {import("../../state/types.js").State} state
 * @param {Session} session
 */
export function previewDialog({ preview }, session) {
  if (!preview) return nothing;
  return dialog({
    title: html`<bdi>${shownName(preview.file.fileName)}</bdi>`,
    wide: true,
    onClose: closePreview,
    content: html`<div class="preview">
      <div class="preview-tools">
        <span class="muted digits">${facts(preview)}</span>
        <span class="spacer"></span>
        ${forms(preview)} ${copyButton("Copy path", () => `/mnt/data/${pathOf(preview.file)}`)}
        <button type="button" class="quiet" @click=${() => downloadFile(session, preview.file)}>
          ${icon("download")} Download
        </button>
      </div>
      ${sheetTabs(preview)}
      <div class="preview-content">${content(preview)}</div>
    </div>`,
  });
}

/** @param {Preview} preview */
function facts({ file, note }) {
  const time = file.lastModifiedTime ? [exactTime(file.lastModifiedTime)] : [];
  return [sizeText(file.size), ...time, ...(note ? [note] : [])].join(" · ");
}

/**
 * @param {Preview} preview
 * @returns {unknown} what a person chooses between, where a file has two forms
 */
function forms({ content, isSource }) {
  const form = content?.kind === "html" ? "Page" : "Table";
  if (!content || !("text" in content) || content.kind === "text" || content.text === "") return nothing;
  const button = (/** @type {string} */ label, /** @type {boolean} */ source) =>
    html`<button type="button" class="quiet" aria-pressed=${isSource === source}
      @click=${() => showPreviewAs({ isSource: source })}>${label}</button>`;
  return html`<div role="group" aria-label="Form" class="forms">${button(form, false)}${button("Text", true)}</div>`;
}

/** @param {Preview} preview */
function sheetTabs({ content, sheet }) {
  if (content?.kind !== "table" || content.sheets.length < 2) return nothing;
  return html`<div role="group" aria-label="Sheets" class="sheets">
    ${content.sheets.map(
      ({ name }, index) =>
        html`<button type="button" aria-pressed=${index === sheet} @click=${() => showPreviewAs({ sheet: index })}>
          <bdi>${shownName(name)}</bdi>
        </button>`,
    )}
  </div>`;
}

/** @param {Preview} preview */
function content({ content, error, file, sheet, isSource }) {
  if (error) return html`<p class="file-error" role="alert">${error.message}</p>`;
  if (!content) return html`<p class="muted" role="status">Reading the file</p>`;
  const label = `Content of ${shownName(file.fileName)}`;
  switch (content.kind) {
    case "table": {
      if (isSource) return textOf(content.text, label);
      const { columns, rows, total } = content.sheets[sheet];
      return dataTable({ key: `preview ${pathOf(file)} ${sheet}`, label, columns, rows, total });
    }
    case "html":
      return isSource ? textOf(content.text, label) : htmlFrame(label, content.page);
    case "image":
      return html`<img src=${content.address} alt=${label} @load=${drawIfPossible} @error=${failImage}>`;
    case "none":
      return html`<p class="muted">${content.reason}</p>`;
    default:
      return textOf(content.text, label);
  }
}

/** @param {Event} event of an image that is loaded, and not drawn yet */
function drawIfPossible({ target }) {
  const image = /** @type {HTMLImageElement} */ (target);
  if (isHuge(image)) failImage();
  else image.classList.add("drawn");
}

/**
 * @param {string} text
 * @param {string} label
 */
function textOf(text, label) {
  return html`<pre tabindex="0" role="region" aria-label=${label}>${text}</pre>`;
}
