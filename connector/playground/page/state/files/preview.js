// The file that is shown in a dialog: as much of it as a person reads, in the form that fits.
import { ApiError } from "../../api/client.js";
import { decoded } from "../../content/decoding.js";
import { isEndless } from "../../content/image_cost.js";
import { formatJson } from "../../content/json_text.js";
import { extensionOf } from "../../content/names.js";
import { csvSheet, excelSheets, recordsSheet } from "../../content/tables.js";
import { size as sizeText } from "../../format.js";
import { update } from "../store.js";
import { callFor, readFile } from "./one_file.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../../api/models.js").FileFacts} FileFacts */
/** @typedef {import("../types.js").PreviewContent} PreviewContent */
/** @typedef {{content: PreviewContent, note: string}} Shown */
/** @typedef {(size: number, signal: AbortSignal) => Promise<Blob>} Read reads that many bytes from the beginning */

const MOST_TEXT = 256_000;
const MOST_JSON = 2_000_000;
const MOST_HTML = 10_000_000;
const MOST_EXCEL = 10_000_000;
const MOST_IMAGE = 30_000_000;
const HTML = ["html", "htm"];
const JSON_TEXT = ["json", "geojson", "ipynb"];
const IMAGES = /** @type {Record<string, string>} */ ({
  avif: "image/avif",
  bmp: "image/bmp",
  gif: "image/gif",
  ico: "image/x-icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  png: "image/png",
  svg: "image/svg+xml",
  webp: "image/webp",
});

let reading = new AbortController();

/**
 * Opens the dialog with a file.
 * @param {Session} session
 * @param {FileFacts} file
 */
export async function openPreview(session, file) {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  /** @type {import("../types.js").Preview} */
  const preview = { file, content: null, note: "", sheet: 0, isSource: false, error: null };
  update((state) => {
    closed(state);
    state.preview = preview;
    state.dialog = "preview";
  });
  try {
    const shown = await shownContent(session, file, signal);
    if (signal.aborted) return release(shown.content);
    update(() => {
      Object.assign(preview, shown);
      session.lastCall = callFor(session, "DownloadFile", file);
    });
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof ApiError)) throw failure;
    update(() => {
      preview.error = failure;
    });
  }
}

/** Closes the dialog. */
export function closePreview() {
  reading.abort();
  update((state) => {
    if (state.dialog === "preview") state.dialog = null;
    closed(state);
  });
}

/** @param {{sheet?: number, isSource?: boolean}} form in which the file is shown from now on */
export function showPreviewAs(form) {
  update(({ preview }) => {
    if (preview) Object.assign(preview, form);
  });
}

/** @param {import("../types.js").State} state */
function closed(state) {
  if (state.preview?.content) release(state.preview.content);
  state.preview = null;
}

/** @param {PreviewContent} content */
function release(content) {
  if (content.kind === "image") URL.revokeObjectURL(content.address);
}

/**
 * @param {Session} session
 * @param {FileFacts} file
 * @param {AbortSignal} signal
 * @returns {Promise<Shown>}
 */
async function shownContent(session, file, signal) {
  const extension = extensionOf(file.fileName);
  if (file.size === 0) return noPreview("The file is empty.");
  if (extension in IMAGES) return await imageContent(session, file, IMAGES[extension], signal);
  if (["xlsx", "xlsm"].includes(extension)) return await excelContent(session, file, signal);
  const most = mostOf(extension);
  // The whole of a file that fits: a range may have to wait for a run, a whole file does not.
  const range = /** @type {[number, number] | undefined} */ (file.size > most ? [0, MOST_TEXT - 1] : undefined);
  const blob = await readFile(session, file, { signal, range });
  const text = decoded(new Uint8Array(await blob.arrayBuffer()));
  if (text === null) return noPreview("There is no preview for this kind of file.");
  return await textContent(extension, text, blob.size >= file.size, file.size);
}

/**
 * @param {string} extension
 * @returns {number} how large a file may be to be read as a whole
 */
function mostOf(extension) {
  if (HTML.includes(extension)) return MOST_HTML; // pages with charts have the library that draws them
  return JSON_TEXT.includes(extension) ? MOST_JSON : MOST_TEXT;
}

/**
 * @param {string} extension
 * @param {import("../../content/decoding.js").Decoded} decodedText
 * @param {boolean} isComplete
 * @param {number} size
 * @returns {Promise<Shown>}
 */
async function textContent(extension, { text, encoding }, isComplete, size) {
  const part = isComplete ? "" : `The first ${sizeText(MOST_TEXT)} of ${sizeText(size)}.`;
  const note = [part, encoding === "UTF-8" ? "" : `Read as ${encoding}.`].join(" ").trim();
  if (["csv", "tsv", "tab"].includes(extension)) {
    const sheet = await csvSheet(text, { isComplete, delimiter: extension === "csv" ? "" : "\t" });
    return { content: { kind: "table", sheets: [sheet], text }, note };
  }
  if (HTML.includes(extension) && isComplete)
    return { content: { kind: "html", page: text, text: text.slice(0, MOST_TEXT) }, note };
  if (JSON_TEXT.includes(extension) && isComplete) return jsonContent(text, note);
  if (["jsonl", "ndjson"].includes(extension)) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    if (!isComplete) lines.pop();
    const sheet = parsed(`[${lines.join(",")}]`, (value) => recordsSheet(value, isComplete));
    if (sheet) return { content: { kind: "table", sheets: [sheet], text }, note };
  }
  return { content: { kind: "text", text }, note };
}

/**
 * @param {string} text
 * @param {string} note
 * @returns {Shown}
 */
function jsonContent(text, note) {
  const found = parsed(text, (value) => ({ sheet: recordsSheet(value, true) }));
  if (!found) return { content: { kind: "text", text }, note: `${note} This is not valid JSON.`.trim() };
  const pretty = formatJson(text.replace(/^\ufeff/, ""));
  const isLong = pretty.length > MOST_TEXT;
  const shown = isLong ? pretty.slice(0, MOST_TEXT) : pretty;
  if (found.sheet) return { content: { kind: "table", sheets: [found.sheet], text: shown }, note };
  return { content: { kind: "text", text: shown }, note: isLong ? `${note} Only the beginning.`.trim() : note };
}

/**
 * @template T
 * @param {string} text
 * @param {(value: unknown) => T} use
 * @returns {T | null} null if the text is not JSON
 */
function parsed(text, use) {
  try {
    return use(JSON.parse(text.replace(/^\ufeff/, "")));
  } catch {
    return null;
  }
}

/**
 * @param {Session} session
 * @param {FileFacts} file
 * @param {string} type
 * @param {AbortSignal} signal
 * @returns {Promise<Shown>}
 */
async function imageContent(session, file, type, signal) {
  if (file.size > MOST_IMAGE) return noPreview(`Images above ${sizeText(MOST_IMAGE)} have no preview.`);
  const blob = await readFile(session, file, { signal });
  if (type === IMAGES.svg && isEndless(blob, await blob.text()))
    return noPreview("This image is too complex for a preview.");
  const address = URL.createObjectURL(new Blob([blob], { type }));
  return { content: { kind: "image", address }, note: "" };
}

/**
 * @param {Session} session
 * @param {FileFacts} file
 * @param {AbortSignal} signal
 * @returns {Promise<Shown>}
 */
async function excelContent(session, file, signal) {
  if (file.size > MOST_EXCEL) return noPreview(`Excel files above ${sizeText(MOST_EXCEL)} have no preview.`);
  const blob = await readFile(session, file, { signal });
  try {
    const sheets = await excelSheets(blob);
    return { content: { kind: "table", sheets, text: "" }, note: "" };
  } catch (failure) {
    if (failure instanceof ApiError) throw failure;
    if (failure instanceof RangeError) return noPreview("This Excel file is too large for a preview.");
    return noPreview("This Excel file cannot be read. It may be protected by a password, or damaged.");
  }
}

/**
 * @param {string} reason
 * @returns {Shown}
 */
function noPreview(reason) {
  return { content: { kind: "none", reason }, note: "" };
}

/** Says that the image cannot be drawn. */
export function failImage() {
  update(({ preview }) => {
    if (!preview?.content) return;
    release(preview.content);
    preview.content = { kind: "none", reason: "This image cannot be shown. It may be damaged." };
  });
}
