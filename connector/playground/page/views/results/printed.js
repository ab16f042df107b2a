// What a run has written to stdout and stderr, apart.

import { errorOutputOf } from "../../content/presentation.js";
import { counted } from "../../format.js";
import { html, nothing } from "../../libraries/lit-html.js";
import { update } from "../../state/store.js";
import { copyButton } from "../controls/copy.js";
import { growingText } from "../controls/growing_text.js";
import { resultBlock } from "./result_block.js";

const NARROW = 42; // as much as a phone shows

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Run} run
 */
export function printed(state, run) {
  const { execution } = run;
  if (!execution) return nothing;
  const follow = run.endedAt === null;
  const { wrap } = state.results;
  const errors = errorOutputOf(execution).text;
  return html`${execution.stdout ? stream("Printed", execution.stdout, { wrap, follow }) : nothing}
  ${errors ? stream("Error output", errors, { wrap, follow }) : nothing}`;
}

/**
 * @param {string} heading
 * @param {string} text
 * @param {{wrap: boolean, follow: boolean}} look
 */
function stream(heading, text, { wrap, follow }) {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return resultBlock({
    heading,
    facts: lines > 20 ? counted(lines, "line") : "",
    actions: html`${isWide(text) ? wrapButton(wrap) : nothing} ${copyButton("Copy", () => text)}`,
    content: growingText({ label: heading, text, wrap, follow }),
  });
}

/**
 * @param {string} text
 * @returns {boolean} whether it has lines that may not fit
 */
export function isWide(text) {
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    if (end - start > NARROW) return true;
    start = end + 1;
  }
  return text.length - start > NARROW;
}

/** @param {boolean} wrap */
export function wrapButton(wrap) {
  return html`<button type="button" class="quiet" aria-pressed=${wrap} @click=${toggleWrap}>Wrap</button>`;
}

function toggleWrap() {
  update(({ results }) => {
    results.wrap = !results.wrap;
  });
}
