// The runs of a session, to choose whose results are shown.
import { html } from "../../libraries/lit-html.js";
import { showRun } from "../../state/runs/runs.js";
import { icon } from "../controls/icons.js";

/** @typedef {import("../../state/types.js").Run} Run */
/** @typedef {import("../../state/types.js").Session} Session */

const MARGIN = 16;

/** A row that scrolls sideways, so that the run that is shown is in view. */
class RunChips extends HTMLElement {
  #shown = "";

  /** @param {string} shown what changes when the chip of the run that is shown moves or gets another width */
  set shown(shown) {
    if (shown === this.#shown) return;
    this.#shown = shown;
    // After the chips are rendered. Only this row scrolls, none of the panes around it.
    queueMicrotask(() => {
      const chip = /** @type {HTMLElement | null} */ (this.querySelector('[aria-current="true"]'));
      if (!chip) return;
      const [row, own] = [this.getBoundingClientRect(), chip.getBoundingClientRect()];
      if (own.left < row.left) this.scrollBy(own.left - row.left - MARGIN, 0);
      else if (own.right > row.right) this.scrollBy(own.right - row.right + MARGIN, 0);
    });
  }
}

customElements.define("run-chips", RunChips);

/** @param {Session} session */
export function runChips(session) {
  return html`<run-chips role="toolbar" aria-label="Runs" .shown=${`${session.shownRun} of ${session.runs.map((run) => run.status)}`}
    @keydown=${(/** @type {KeyboardEvent} */ event) => moveByKey(session, event)}>
    ${session.runs.map((run) => chip(session, run))}
  </run-chips>`;
}

/**
 * @param {Session} session
 * @param {Run} run
 */
function chip(session, run) {
  const { state, mark } = appearance(run);
  const isShown = run.number === session.shownRun;
  return html`<button
    type="button"
    class="run-chip digits ${state}"
    aria-label="Run ${run.number}, ${state}"
    aria-current=${isShown ? "true" : "false"}
    tabindex=${isShown ? 0 : -1}
    data-run=${run.number}
    @click=${() => showRun(session, run.number)}
  >${run.number}${mark}</button>`;
}

/**
 * @param {Run} run
 * @returns {{state: string, mark: unknown}}
 */
function appearance(run) {
  if (run.endedAt === null) return { state: "running", mark: html`<span class="run-dot"></span>` };
  if (run.status === "Succeeded") return { state: "succeeded", mark: icon("check") };
  if (run.status === "Failed") return { state: "failed", mark: icon("alert") };
  if (run.status === "Canceled") return { state: "canceled", mark: icon("stop") };
  if (run.status === "Refused") return { state: "refused", mark: icon("cancel") };
  return { state: "unknown", mark: "?" };
}

/**
 * @param {Session} session
 * @param {KeyboardEvent} event
 */
function moveByKey(session, event) {
  const last = session.runs.length - 1;
  const index = session.runs.findIndex((run) => run.number === session.shownRun);
  const target = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: last }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  const { number } = session.runs[Math.min(last, Math.max(0, target))];
  showRun(session, number);
  const row = /** @type {HTMLElement} */ (event.currentTarget);
  /** @type {HTMLElement | null} */ (row.querySelector(`[data-run="${number}"]`))?.focus();
}
