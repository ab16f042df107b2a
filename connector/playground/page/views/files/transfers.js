// Uploads: those on their way, with their progress, and those that failed, with what can be done.

import { kindOf, pathOf, shownName } from "../../content/names.js";
import { clock, count, size as sizeText } from "../../format.js";
import { html, nothing, repeat } from "../../libraries/lit-html.js";
import { cancelAllTransfers, cancelTransfer, retryTransfer } from "../../state/files/uploads.js";
import { OBSTACLES } from "../controls/copy_progress.js";
import { icon } from "../controls/icons.js";
import { importRow } from "./imports.js";

/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").Transfer} Transfer */

const MOST_WAITING = 5;

/** @param {Session} session */
export function transferList(session) {
  const { transfers, imports } = session;
  if (transfers.length + imports.length === 0) return nothing;
  const waiting = transfers.filter(({ status }) => status === "waiting");
  const hidden = new Set(waiting.slice(MOST_WAITING));
  const unfinished = transfers.filter(({ status }) => status !== "failed");
  return html`
    ${unfinished.length > 1 ? summary(session, unfinished) : nothing}
    <ul class="file-list" aria-label=${imports.length > 0 ? "Uploads and imports" : "Uploads"} tabindex="-1" data-focus-home>
      ${repeat(
        transfers.filter((transfer) => !hidden.has(transfer)),
        ({ key }) => key,
        (transfer) => (transfer.status === "failed" ? failedRow(session, transfer) : transferRow(session, transfer)),
      )}
      ${repeat(
        imports,
        ({ key }) => key,
        (item) => importRow(session, item),
      )}
    </ul>
    ${hidden.size > 0 ? html`<p class="more-files muted digits">and ${count(hidden.size)} more</p>` : nothing}
  `;
}

/**
 * @param {Session} session
 * @param {Transfer[]} transfers
 */
function summary(session, transfers) {
  const all = transfers.reduce((sum, { file }) => sum + file.size, 0);
  const sent = transfers.reduce((sum, transfer) => sum + transfer.sent, 0);
  return html`<div class="transfers-summary">
    <span class="digits">${count(transfers.length)} uploads · ${sizeText(Math.max(0, all - sent))} left</span>
    <button type="button" class="quiet" @click=${() => cancelAllTransfers(session)}>Cancel all</button>
  </div>`;
}

/**
 * @param {Session} session
 * @param {Transfer} transfer
 */
function transferRow(session, transfer) {
  const name = shownName(transfer.fileName);
  return html`<li class="file transfer">
    <span class="kind" aria-hidden="true">${kindOf(transfer.fileName)}</span>
    <span class="name" title=${shownName(pathOf(transfer))}><bdi>${name}</bdi></span>
    <span class="facts digits">${progressText(transfer)}</span>
    <button type="button" class="quiet" aria-label="Cancel the upload of ${name}"
      @click=${() => cancelTransfer(session, transfer)}>${icon("cancel")}</button>
    ${transfer.status === "waiting" ? nothing : progressBar(transfer, name)}
  </li>`;
}

/**
 * @param {Transfer} transfer
 * @param {string} name as it is shown
 */
function progressBar({ file, sent }, name) {
  return html`<progress max=${Math.max(1, file.size)} .value=${sent} aria-label="Upload of ${name}"></progress>`;
}

/** @param {Transfer} transfer */
function progressText({ status, waitsFor, sent, file, bytesPerSecond }) {
  if (status === "waiting") return `${sizeText(file.size)} · waiting`;
  if (waitsFor) return `${sizeText(sent)} · ${OBSTACLES[waitsFor]}`;
  if (sent >= file.size) return `${sizeText(file.size)} · storing`;
  const parts = [`${sizeText(sent)} of ${sizeText(file.size)}`];
  if (bytesPerSecond > 0)
    parts.push(`${sizeText(bytesPerSecond)}/s`, `${clock(Math.ceil((file.size - sent) / bytesPerSecond))} left`);
  return parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · "); // broken between them only
}

/**
 * @param {Session} session
 * @param {Transfer} transfer
 */
function failedRow(session, transfer) {
  const { betterName, error } = transfer;
  const name = shownName(transfer.fileName);
  const better =
    betterName && shownName(betterName.fileName === transfer.fileName ? pathOf(betterName) : betterName.fileName);
  return html`<li class="file failed">
    <span class="kind" aria-hidden="true">${kindOf(transfer.fileName)}</span>
    <span class="name" title=${shownName(pathOf(transfer))}><bdi>${name}</bdi></span>
    <span class="facts">not uploaded</span>
    <button type="button" class="quiet" aria-label="Dismiss ${name}" @click=${() => cancelTransfer(session, transfer)}>
      ${icon("cancel")}
    </button>
    <div class="file-error" role="alert">
      <p>${error?.message}</p>
      ${
        betterName
          ? html`<button type="button" class="quiet" @click=${() => retryTransfer(session, transfer, betterName)}>
              Upload as <bdi>${better}</bdi></button>`
          : html`<button type="button" class="quiet" aria-label="Retry the upload of ${name}"
              @click=${() => retryTransfer(session, transfer)}>Retry</button>`
      }
    </div>
  </li>`;
}
