// Text that may be long and may grow, as what a run prints: only what is new is added, so that the reader's place and
// selection stay. It follows the end if the reader is at the end.
import { html } from "../../libraries/lit-html.js";

/** Characters after which a new block begins, at the end of a line. Browsers lay out only the blocks in view. */
const BLOCK = 8_000;
/** Control sequences of terminals, such as those of colors, also incomplete ones at the end; and other control characters. */
const TERMINAL = new RegExp(
  [
    "\\x1b\\[[0-?]*[ -/]*(?:[@-~]|$)",
    "\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\|$)",
    "\\x1b(?:[@-Z\\\\^_]|$)",
    "(?![\\t\\n])\\p{Cc}",
  ].join("|"),
  "gu",
);
const NEAR_THE_END = 8;

class GrowingText extends HTMLElement {
  #text = "";

  /** @param {string} text all of it */
  set text(text) {
    const clean = text.replace(TERMINAL, "");
    if (clean === this.#text) return;
    const isAtEnd = this.scrollTop + this.clientHeight >= this.scrollHeight - NEAR_THE_END;
    const isFirst = this.#text === "";
    this.#shorten(commonLength(this.#text, clean));
    this.#append(clean.slice(this.#text.length));
    this.#text = clean;
    // At first it shows the beginning; the run in progress sets `follow`.
    if (isAtEnd && (!isFirst || this.follow)) this.#toEnd();
  }

  get text() {
    return this.#text;
  }

  follow = false;

  connectedCallback() {
    if (this.follow) this.#toEnd();
  }

  #toEnd() {
    this.scrollTop = this.scrollHeight;
  }

  /** @param {number} length up to which the text stays */
  #shorten(length) {
    let excess = this.#text.length - length;
    this.#text = this.#text.slice(0, length);
    while (excess > 0 && this.lastChild) {
      const node = /** @type {Text} */ (this.lastChild.firstChild);
      const removed = Math.min(excess, node.data.length);
      if (removed === node.data.length) this.lastChild.remove();
      else node.deleteData(node.data.length - removed, removed);
      excess -= removed;
    }
  }

  /** @param {string} text */
  #append(text) {
    let rest = text;
    while (rest !== "") {
      const last = /** @type {Text | undefined} */ (this.lastChild?.firstChild);
      const isOpen = last && !(last.data.length >= BLOCK && last.data.endsWith("\n"));
      // A block ends where a line ends: the next one begins a line.
      const end = rest.indexOf("\n", Math.max(0, BLOCK - (isOpen ? last.data.length : 0))) + 1 || rest.length;
      const piece = rest.slice(0, end);
      if (isOpen) last.appendData(piece);
      else this.append(block(piece));
      rest = rest.slice(end);
    }
  }
}

/** @param {string} text */
function block(text) {
  const element = document.createElement("div");
  element.append(text);
  return element;
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {number} how many characters they have in common at the beginning
 */
function commonLength(one, other) {
  if (other.startsWith(one)) return one.length;
  let length = 0;
  for (let step = 65_536; step >= 1; step = Math.floor(step / 4)) {
    while (length + step <= one.length && one.slice(length, length + step) === other.slice(length, length + step))
      length += step;
  }
  return length;
}

customElements.define("growing-text", GrowingText);

/**
 * @param {{label: string, text: string, wrap?: boolean, follow?: boolean}} facts label is for screen readers; `follow`
 *   shows the end at first
 */
export function growingText({ label, text, wrap = false, follow = false }) {
  return html`<growing-text
    class=${wrap ? "plain-text wrap" : "plain-text"}
    role="group"
    aria-label=${label}
    tabindex="0"
    .follow=${follow}
    .text=${text}
  ></growing-text>`;
}
