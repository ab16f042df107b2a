// Does something once, when its place comes into view.
import { html } from "../../libraries/lit-html.js";

class WhenVisible extends HTMLElement {
  /** @type {() => void} */
  action = () => {};
  /** @type {IntersectionObserver | undefined} */
  #observer;

  connectedCallback() {
    this.#observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        this.#observer?.disconnect();
        this.action();
      },
      { rootMargin: "200px" },
    );
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
  }
}

customElements.define("when-visible", WhenVisible);

/**
 * @param {() => void} action
 * @param {unknown} content what is shown until then
 */
export function whenVisible(action, content) {
  return html`<when-visible .action=${action}>${content}</when-visible>`;
}
