// The top line: name, connection, who is signed in, documents, theme.
import { html, nothing } from "../libraries/lit-html.js";
import { forget, openCredential } from "../state/connection/sign_in.js";
import { update } from "../state/store.js";
import { nextTheme, switchTheme } from "../state/theme.js";
import { connectionWords, credentialWords } from "./connection/connection_words.js";
import { icon } from "./controls/icons.js";
import { shortcutsButton } from "./shortcuts.js";

/** The documents that describe the operations, by their addresses relative to the page. */
const DOCUMENTS = [
  { name: "openapi.json", title: "For agents", text: "OpenAPI 3.0, short enough for a model" },
  { name: "swagger.json", title: "For makers", text: "Swagger 2.0, for a custom connector" },
  {
    name: "mcp-swagger.json",
    title: "For Copilot Studio",
    text: "Swagger 2.0, for a custom connector of the MCP server",
  },
  { name: "openapi-full.json", title: "For programs", text: "OpenAPI 3.0, all operations" },
];

/** @param {import("../state/types.js").State} state */
export function header(state) {
  return html`<header class="top">
    <h1><span class="top-product">Code Interpreter</span> <span class="top-page">Playground</span></h1>
    <span class="spacer"></span>
    ${connectionChip(state)} ${account(state)} ${documents()} ${themeButton(state)} ${shortcutsButton()}
  </header>`;
}

/** @param {import("../state/types.js").State} state */
function connectionChip(state) {
  const { label, detail, tone } = connectionWords(state);
  return html`<button type="button" class="chip ${tone}" aria-haspopup="dialog" @click=${openConnection}>
    <span class="chip-dot"></span><span><span class="visually-hidden">Connection: </span>${label}<span
      class="chip-detail">${detail}</span></span>
  </button>`;
}

function openConnection() {
  update((state) => {
    state.dialog = "connection";
  });
}

/** @param {import("../state/types.js").State} state */
function account({ signIn, connection }) {
  if (signIn.credential === "none") {
    if (connection.status !== "unauthorized") return nothing;
    return html`<button type="button" class="button top-enter" @click=${openCredential}>
      ${signIn.mode === "entra" ? "Sign in" : "Enter key"}
    </button>`;
  }
  const name = signIn.credential === "key" ? "Key" : signIn.name || "Token";
  return html`<button type="button" class="quiet top-menu" popovertarget="account-menu" title=${name}>
      ${icon("key")}<span class="top-word account-name">${name}</span>${icon("chevron")}
    </button>
    <div popover id="account-menu" class="menu" @click=${closeMenu}>
      <p>${credentialWords(signIn)}</p>
      <button type="button" class="menu-item" @click=${openCredential}>
        ${signIn.credential === "account" ? "Sign in as someone else" : `Change ${signIn.credential}`}
      </button>
      <button type="button" class="menu-item" @click=${forget}>
        ${signIn.mode === "entra" ? "Sign out of this page" : "Forget key"}
      </button>
    </div>`;
}

function documents() {
  return html`<button type="button" class="quiet top-menu" popovertarget="documents-menu" aria-label="OpenAPI documents">
      ${icon("document")}<span class="top-word">OpenAPI</span>${icon("chevron")}
    </button>
    <div popover id="documents-menu" class="menu" @click=${closeMenu}>
      <ul>
        ${DOCUMENTS.map(
          ({ name, title, text }) => html`<li>
            <a class="menu-item" href=${name} download=${name}>
              ${icon("download")}<span><b>${title}</b><span class="muted">${text}</span></span><code>${name}</code>
            </a>
          </li>`,
        )}
      </ul>
    </div>`;
}

/** @param {Event} event */
function closeMenu(event) {
  if (event.target instanceof Element && event.target.closest(".menu-item"))
    /** @type {HTMLElement} */ (event.currentTarget).hidePopover();
}

const THEME_NAMES = { system: "as the system", light: "light", dark: "dark" };
const THEME_ICONS = /** @type {const} */ ({ system: "theme", light: "light", dark: "dark" });

/** @param {import("../state/types.js").State} state */
function themeButton({ theme }) {
  const label = `Theme: ${THEME_NAMES[theme]}. Switch to ${THEME_NAMES[nextTheme()]}`;
  return html`<button type="button" class="quiet" aria-label=${label} title=${label} @click=${switchTheme}>
    ${icon(THEME_ICONS[theme])}
  </button>`;
}
