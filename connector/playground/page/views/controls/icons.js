// The icons: 16 x 16, drawn with the current color. Screen readers skip them: a button with only an icon has a label.
import { html, svg } from "../../libraries/lit-html.js";

const SHAPES = {
  add: svg`<path d="M8 3.5v9M3.5 8h9"/>`,
  alert: svg`<path d="M8 3.5v5.4M8 11.6v.6"/>`,
  cancel: svg`<path d="M4 4l8 8M12 4l-8 8"/>`,
  check: svg`<path d="M3.5 8.4l3 3 6-6.4"/>`,
  chevron: svg`<path d="M4.5 6.2L8 9.8l3.5-3.6"/>`,
  copy: svg`<path d="M5.5 5.5h7v7h-7zM3.5 10.5v-7h7"/>`,
  dark: svg`<path class="solid" d="M13 9.6A5.4 5.4 0 116.4 3a4.4 4.4 0 006.6 6.6z"/>`,
  document: svg`<path d="M4 2.5h5l3 3v8H4zM9 2.5v3h3M6 8.5h4M6 11h4"/>`,
  download: svg`<path d="M8 3v8m0 0L4.8 7.8M8 11l3.2-3.2M3 13.2h10"/>`,
  help: svg`<path d="M5.8 6.2a2.2 2.2 0 113.4 1.9c-.8.5-1.2.9-1.2 1.7M8 12.3v.4"/>`,
  key: svg`<circle cx="5.2" cy="10.8" r="2.7"/><path d="M7.2 8.8L13 3M10.6 5.4l2 2"/>`,
  light: svg`<circle cx="8" cy="8" r="2.8"/><path d="M8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M12.4 3.6l-1 1M4.6 11.4l-1 1"/>`,
  link: svg`<path d="M6.8 9.2a2.6 2.6 0 003.7 0l2-2a2.6 2.6 0 00-3.7-3.7l-.8.8M9.2 6.8a2.6 2.6 0 00-3.7 0l-2 2a2.6 2.6 0 003.7 3.7l.8-.8"/>`,
  memory: svg`<path d="M4.5 2.8h7v10.4L8 10.6l-3.5 2.6z"/>`,
  more: svg`<circle class="solid" cx="3.5" cy="8" r="1.2"/><circle class="solid" cx="8" cy="8" r="1.2"/><circle class="solid" cx="12.5" cy="8" r="1.2"/>`,
  run: svg`<path class="solid" d="M5 3.2v9.6L12.6 8z"/>`,
  stop: svg`<path class="solid" d="M4.5 4.5h7v7h-7z"/>`,
  theme: svg`<circle cx="8" cy="8" r="5.2"/><path class="solid" d="M8 2.8a5.2 5.2 0 010 10.4z"/>`,
  upload: svg`<path d="M8 11V3m0 0L4.8 6.2M8 3l3.2 3.2M3 13.2h10"/>`,
  zoom: svg`<path d="M9.5 3H13v3.5M6.5 13H3V9.5M13 3L9 7M3 13l4-4"/>`,
};

/** @param {keyof typeof SHAPES} name */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${SHAPES[name]}</svg>`;
}
