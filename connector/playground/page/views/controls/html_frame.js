// HTML that user code has made, in a frame without an origin: it can run scripts, but reach neither this page nor any
// address. connector/playground/policy.py has what its document may do.
import { addressOfFile } from "../../addresses.js";
import { html } from "../../libraries/lit-html.js";

const FRAME = addressOfFile("frame.html");
const LOWEST = 40;
const HIGHEST = 800;
/** A document that reloads itself is written again, but not forever. */
const MOST_WRITES = 3;
/** What reports its height more often than this does not report heights. */
const MOST_MESSAGES = 500;
/** What takes the focus more often than this, while the user works elsewhere, is not shown. */
const MOST_FOCUSES = 3;
const SECONDS_OF_TAB = 0.5;
const IS_DOCUMENT = /^<(?:!doctype|html|head|body)\b/i;
/** For parts of documents, as data frames with styles are; a complete document has its own. */
const DEFAULTS = `<!doctype html><html lang="en"><meta charset="utf-8"><style>
body { margin: 8px; font: 13px/1.45 system-ui, "Segoe UI", Roboto, sans-serif; color: #1b2230; background: #fff; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
table[border] td, table[border] th { border: 1px solid #dce0e6; padding: 4px 10px; }
</style>`;

/** Shows `content` in a frame, whose height follows what is in it, within limits. */
class UserHtml extends HTMLElement {
  #content = "";
  #writes = 0;
  #messages = 0;
  #focuses = 0;
  /** @type {HTMLIFrameElement | null} */
  #frame = null;
  label = "";

  /** @param {string} content HTML, a document or a part of one */
  set content(content) {
    if (content === this.#content) return;
    this.#content = content;
    if (this.isConnected) this.#open();
  }

  get content() {
    return this.#content;
  }

  connectedCallback() {
    elements.add(this);
    this.#open();
  }

  disconnectedCallback() {
    elements.delete(this);
    this.replaceChildren();
    this.#frame = null;
  }

  #open() {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.setAttribute("referrerpolicy", "no-referrer");
    frame.setAttribute("allow", "fullscreen 'none'; autoplay 'none'");
    frame.loading = "lazy";
    frame.title = this.label;
    frame.src = FRAME;
    this.#frame = frame;
    this.#writes = 0;
    this.#messages = 0;
    this.#focuses = 0;
    this.replaceChildren(frame);
  }

  /**
   * @param {MessageEvent} event of any frame
   */
  receive(event) {
    const frame = this.#frame;
    if (!frame || event.source !== frame.contentWindow || event.origin !== "null") return;
    this.#messages += 1;
    if (this.#messages > MOST_MESSAGES) this.#stop("it sent too many messages to the page");
    else if (event.data === "ready") this.#write();
    else if (Number.isFinite(event.data)) {
      frame.style.height = `${Math.min(HIGHEST, Math.max(LOWEST, Number(event.data)))}px`;
    }
  }

  #write() {
    this.#writes += 1;
    if (this.#writes > MOST_WRITES) return;
    const content = isDocument(this.#content) ? this.#content : DEFAULTS + this.#content;
    // "*", because a frame without an origin has no name; the document is ours, as no other address can be framed.
    this.#frame?.contentWindow?.postMessage(content, "*");
  }

  /** It has the focus although nobody gave it that. */
  releaseFocus() {
    this.#focuses += 1;
    this.#frame?.blur();
    if (this.#focuses > MOST_FOCUSES) this.#stop("it kept taking the focus");
  }

  /** @param {string} reason */
  #stop(reason) {
    this.#frame = null;
    const explanation = document.createElement("p");
    explanation.className = "muted";
    explanation.textContent = `Stopped, because ${reason}. Save it to look at it.`;
    this.replaceChildren(explanation);
  }
}

/**
 * @param {string} content HTML
 * @returns {boolean} whether it is a document, perhaps after comments. Not by one regular expression: the ways to divide
 *   many comments are too many to try.
 */
function isDocument(content) {
  let rest = content.trimStart();
  while (rest.startsWith("<!--") && rest.includes("-->")) rest = rest.slice(rest.indexOf("-->") + 3).trimStart();
  return IS_DOCUMENT.test(rest);
}

/** @type {Set<UserHtml>} those on the page */
const elements = new Set();
addEventListener("message", (event) => {
  for (const element of elements) element.receive(event);
});
customElements.define("user-html", UserHtml);

/** @type {HTMLElement | null} what had the focus last, on the page itself */
let focused = null;
let tabbedAt = 0;
addEventListener("focusin", ({ target }) => {
  if (target instanceof HTMLElement && !(target instanceof HTMLIFrameElement)) focused = target;
});
addEventListener("keydown", ({ key }) => {
  if (key === "Tab") tabbedAt = Date.now();
});
// Scripts in a frame can take the focus, and so what is typed. It goes back, unless it came by a click or by Tab.
addEventListener("blur", () => {
  if (Date.now() - tabbedAt < SECONDS_OF_TAB * 1000 || matchMedia("(hover: none)").matches) return;
  // While the event is handled, the focus is still on its way, and would go to the frame after all.
  setTimeout(() => {
    const element = document.activeElement?.parentElement;
    if (!(element instanceof UserHtml) || element.matches(":hover")) return;
    element.releaseFocus();
    window.focus();
    focused?.focus({ preventScroll: true });
  });
});

/**
 * @param {string} label for screen readers
 * @param {string} content HTML, a document or a part of one
 */
export function htmlFrame(label, content) {
  return html`<user-html .label=${label} .content=${content}></user-html>`;
}
