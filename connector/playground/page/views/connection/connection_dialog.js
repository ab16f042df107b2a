// The dialog that says in words what the connector is connected to, and what to fix if it is not.
import { html, nothing } from "../../libraries/lit-html.js";
import { checkConnection, filterPackages } from "../../state/connection/connection.js";
import { openCredential } from "../../state/connection/sign_in.js";
import { copyButton } from "../controls/copy.js";
import { dialog } from "../controls/dialog.js";
import { icon } from "../controls/icons.js";
import { connectionWords, credentialWords } from "./connection_words.js";

/** @param {import("../../state/types.js").State} state */
export function connectionDialog(state) {
  const { connection } = state;
  const isConnected = connection.status === "connected";
  return dialog({
    title: "Connection",
    content: html`<div class="connection" aria-busy=${connection.isChecking}>
      ${verdict(state)} ${state.connection.error ? requestId(state.connection.error) : nothing}
      ${facts(state)}
      ${isConnected && connection.facts ? packages(connection.facts.packages, connection.packageFilter) : nothing}
      <footer>
        ${
          connection.status === "unauthorized"
            ? html`<button type="button" class="button primary" @click=${openCredential}>
                ${state.signIn.mode === "entra" ? "Sign in" : "Enter key"}
              </button>`
            : html`<button
                type="button"
                class="button ${isConnected ? "" : "primary"}"
                aria-disabled=${connection.isChecking}
                @click=${checkConnection}
              >${connection.isChecking ? "Checking" : isConnected ? "Check again" : "Try again"}</button>`
        }
      </footer>
    </div>`,
  });
}

/** @param {import("../../state/types.js").State} state */
function verdict(state) {
  const { label, detail, tone } = connectionWords(state);
  const { status, facts, error } = state.connection;
  const text = status === "connected" ? facts?.message : error?.message;
  return html`<div class="verdict ${tone}" role="status">
    ${icon(tone === "ok" ? "check" : "alert")}
    <div>
      <p><b>${label}${detail}</b></p>
      ${text ? html`<p>${text}</p>` : nothing}
    </div>
  </div>`;
}

/** @param {import("../../api/client.js").ApiError} error */
function requestId({ requestId, code }) {
  if (!requestId) return nothing;
  return html`<p class="request-id muted">
    <span>${code ? html`<code>${code}</code>, request` : "Request"} <code>${requestId}</code></span>
    ${copyButton("Copy the request ID", () => requestId, { iconOnly: true })}
  </p>`;
}

/** @param {import("../../state/types.js").State} state */
function facts({ connection, signIn }) {
  const { facts, status } = connection;
  const address = new URL(".", document.baseURI).href.replace(/\/$/, "");
  return html`<dl>
    <dt>Connector</dt>
    <dd class="with-copy"><code>${address}</code>${copyButton("Copy the address", () => address, { iconOnly: true })}</dd>
    <dt>Credential</dt>
    <dd>${signIn.credential === "none" && status === "connected" ? "None is needed." : credentialWords(signIn)}</dd>
    ${
      status === "connected" && facts
        ? html`<dt>${facts.pools.length === 1 ? "Session pool" : "Session pools"}</dt>
            <dd>
              <ul>${facts.pools.map((pool) => poolLine(pool, facts.pools.length > 1))}</ul>
            </dd>
            ${facts.storage ? html`<dt>Storage</dt><dd>${storage(facts.storage)}</dd>` : nothing}
            <dt>Runs</dt>
            <dd>${facts.runtimes.map(({ name, version }) => `${name} ${version}`).join(", ")}</dd>
            <dt>Interface</dt>
            <dd>${facts.apiVersion}</dd>`
        : nothing
    }
  </dl>`;
}

/**
 * @param {import("../../api/models.js").ConnectionFacts["pools"][number]} pool
 * @param {boolean} isOneOfMany
 */
function poolLine({ name, isAvailable, message, isolation }, isOneOfMany) {
  return html`<li class="pool">
    <b>${name}</b>${isOneOfMany ? (isAvailable ? ", available" : ", not available") : ""}
    ${isAvailable ? nothing : html`<p class="pool-problem">${message}</p>`}
    ${isolation ? html`<p class="muted">Isolation ${isolation.description}</p>` : nothing}
  </li>`;
}

/** @param {NonNullable<import("../../api/models.js").ConnectionFacts["storage"]>} containers */
function storage(containers) {
  if (containers.length === 0) return "None: files live as long as their sessions.";
  return html`<ul>${containers.map(
    ({ containerUrl, use, isAvailable, message }) => html`<li class="pool">
      <code>${containerUrl}</code>
      <p class="muted">${use === "Imports" ? "To import from" : "For links, exports and workspaces"}</p>
      ${isAvailable ? nothing : html`<p class="pool-problem">${message}</p>`}
    </li>`,
  )}</ul>`;
}

/**
 * @param {{name: string, version: string}[]} all
 * @param {string} filter
 */
function packages(all, filter) {
  const sought = filter.trim().toLowerCase();
  const found = all.filter(({ name }) => name.toLowerCase().includes(sought));
  return html`<div>
    <div class="packages-head">
      <h3 id="packages-heading">Packages that code can import</h3>
      <span class="muted digits" role="status">${sought ? `${found.length} of ${all.length}` : all.length}</span>
      <input type="search" aria-label="Search packages" placeholder="Search" autocomplete="off" spellcheck="false"
        .value=${filter}
        @input=${(/** @type {Event} */ event) => filterPackages(/** @type {HTMLInputElement} */ (event.target).value)}>
    </div>
    <div class="packages" tabindex="0" role="region" aria-labelledby="packages-heading">
      ${
        found.length
          ? html`<ul>${found.map(({ name, version }) => html`<li>${name} <span class="muted digits">${version}</span></li>`)}</ul>`
          : html`<p class="muted">No package has “${filter.trim()}” in its name.</p>`
      }
    </div>
  </div>`;
}
