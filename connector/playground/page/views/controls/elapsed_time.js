// <elapsed-time since="MILLISECONDS">: how long ago that was, as it goes by. It renders itself, and nothing else, ten times
// a second. Shorter than a second, it is empty.
import { duration } from "../../format.js";

const SHORTEST = 1000;

class ElapsedTime extends HTMLElement {
  static observedAttributes = ["since"];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #shown = "";

  connectedCallback() {
    this.#timer = setInterval(() => this.#show(), 100);
    this.#show();
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  attributeChangedCallback() {
    this.#show();
  }

  #show() {
    const elapsed = Date.now() - Number(this.getAttribute("since"));
    const seconds = Math.floor(elapsed / 100) / 10;
    const text = elapsed < SHORTEST ? "" : seconds < 60 ? `${seconds.toFixed(1)} s` : duration(elapsed);
    if (this.#shown === text) return;
    this.#shown = text;
    this.textContent = text;
  }
}

customElements.define("elapsed-time", ElapsedTime);
