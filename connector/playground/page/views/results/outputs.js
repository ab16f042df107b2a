// What a run displayed, each part as what it is: figures, tables, HTML, text, files.

import { frameOf, isText, mediaType } from "../../content/presentation.js";
import { size } from "../../format.js";
import { html, nothing, repeat } from "../../libraries/lit-html.js";
import { contentHolder, loadOutput, nameOf, outputKey, saveOutput } from "../../state/runs/outputs.js";
import { state as store, update } from "../../state/store.js";
import { copyButton } from "../controls/copy.js";
import { growingText } from "../controls/growing_text.js";
import { htmlFrame } from "../controls/html_frame.js";
import { icon } from "../controls/icons.js";
import { jsonText } from "../controls/json_text.js";
import { whenVisible } from "../controls/when_visible.js";
import { figure } from "./figure.js";
import { linkButton } from "./link_button.js";
import { isWide, wrapButton } from "./printed.js";
import { resultBlock } from "./result_block.js";
import { errorMessage } from "./run_status.js";
import { tableOutput } from "./table_output.js";

/** @typedef {import("../../state/types.js").Session} Session */
/** @typedef {import("../../state/types.js").Run} Run */
/** @typedef {import("../../api/models.js").Output} Output */
/** @typedef {import("../../content/presentation.js").Part} Part */

/** More HTML than this is shown when asked for: browsers may take seconds to draw it. */
const LARGE_HTML = 2_000_000;

const HEADINGS = { figure: "Chart", table: "Table", html: "HTML", json: "JSON", text: "Text", file: "Output" };

/**
 * @param {Session} session
 * @param {Run} run
 * @param {Part[]} parts
 */
export function outputs(session, run, parts) {
  return repeat(
    parts,
    (part) => part.key,
    (part) => html`${partView(session, run, part)} ${whyNotSaved(outputKey(session, run, part.key))}`,
  );
}

/** @param {string} key */
function whyNotSaved(key) {
  const load = store.results.loads[key];
  return load?.error && load.status === "loaded"
    ? html`<div class="not-saved">${errorMessage(load.error)}</div>`
    : nothing;
}

/**
 * @param {Session} session
 * @param {Run} run
 * @param {Part} part
 * @returns {unknown}
 */
function partView(session, run, part) {
  const { output } = part;
  const key = outputKey(session, run, part.key);
  if (part.kind === "file") return unshown(session, key, output, "");
  const holder = contentHolder(key, output);
  if (holder?.content === undefined) return notLoaded(session, key, part);
  const { content } = holder;
  switch (part.kind) {
    case "figure":
      return figure(session, key, output, content);
    case "table":
    case "json": {
      const frame = frameOf(holder, content);
      const fileName = `run-${run.number}-${nameOf(output).replace(/\.json$/, "")}.csv`;
      if (frame) return tableOutput({ key, title: output.title, fileName, frame });
      // It was taken for a table because its content had not been loaded.
      const other = part.html && partView(session, run, { kind: "html", key: `${part.key}/html`, output: part.html });
      return html`${other ?? nothing} ${textual(session, key, output, content)}`;
    }
    case "html":
      return htmlOutput(session, key, output, content);
    default:
      return textual(session, key, output, content);
  }
}

/**
 * @param {Session} session
 * @param {string} key
 * @param {Output} output
 * @param {string} content
 */
function htmlOutput(session, key, output, content) {
  const heading = headingOf("html", output);
  const waits = content.length > LARGE_HTML && !store.results.opened[key];
  return resultBlock({
    heading,
    actions: saveButton(session, key, output),
    content: waits
      ? html`<p class="muted">
          It is large: ${size(content.length)}.
          <button type="button" class="link" @click=${() => open(key)}>Show</button>
        </p>`
      : htmlFrame(output.title || "HTML made by the code", content),
  });
}

/** @param {string} key */
function open(key) {
  update(({ results }) => {
    results.opened[key] = true;
  });
}

/**
 * @param {Session} session
 * @param {string} key
 * @param {Output} output
 * @param {string} content
 */
function textual(session, key, output, content) {
  const { wrap } = store.results;
  const type = mediaType(output);
  const kind = { "text/markdown": "Markdown", "text/latex": "LaTeX", "application/json": "JSON" }[type] ?? "Text";
  const heading = output.title ? `${kind}: ${output.title}` : kind;
  const look = { label: heading, wrap };
  return resultBlock({
    heading,
    actions: html`${isWide(content) ? wrapButton(wrap) : nothing} ${copyButton("Copy", () => content)} ${saveButton(session, key, output)}`,
    content:
      type === "application/json" && isJson(content)
        ? jsonText(content, () => content, look)
        : growingText({ ...look, text: content }),
  });
}

/** @param {string} content */
function isJson(content) {
  try {
    JSON.parse(content);
    return true;
  } catch {
    return false;
  }
}

/**
 * An output whose content was omitted from the response, because it would have been too long.
 * @param {Session} session
 * @param {string} key
 * @param {Part} part
 */
function notLoaded(session, key, { kind, output }) {
  const load = store.results.loads[key];
  const retry = () => loadOutput(session, key, output, { evenIfLarge: true });
  const heading = headingOf(kind, output);
  if (!output.fileName)
    return resultBlock({
      heading,
      content: html`<p class="muted">It was not returned, and is not kept in a file.</p>`,
    });
  if (load?.status === "failed")
    return resultBlock({
      heading,
      content: html`<p class="bad">${load.error?.message} <button type="button" class="link" @click=${retry}>Try again</button></p>`,
    });
  if (load?.status === "large")
    return resultBlock({
      heading,
      actions: saveButton(session, key, output),
      content: html`<p class="muted">
        It is large: ${size(load.size ?? 0)}. <button type="button" class="link" @click=${retry}>Load</button>
      </p>`,
    });
  const waiting = html`<p class="muted output-waits ${kind}">Loading</p>`;
  return resultBlock({ heading, content: whenVisible(() => loadOutput(session, key, output), waiting) });
}

/**
 * What browsers would have to open as a document, or cannot show: it is saved.
 * @param {Session} session
 * @param {string} key
 * @param {Output} output
 * @param {string} explanation
 */
function unshown(session, key, output, explanation) {
  const type = isText(output) ? "text" : mediaType(output);
  return resultBlock({
    heading: headingOf("file", output),
    actions: saveButton(session, key, output),
    content: html`<p class="muted"><bdi>${nameOf(output)}</bdi>, ${type}. ${explanation || "Save it to open it."}</p>`,
  });
}

/**
 * @param {Part["kind"]} kind
 * @param {Output} output
 */
function headingOf(kind, output) {
  return output.title ? `${HEADINGS[kind]}: ${output.title}` : HEADINGS[kind];
}

/**
 * @param {Session} session
 * @param {string} key
 * @param {Output} output
 */
function saveButton(session, key, output) {
  return html`<button type="button" class="quiet" @click=${() => saveOutput(session, key, output)}>${icon("download")} Save</button>
    ${linkButton(session, output)}`;
}
