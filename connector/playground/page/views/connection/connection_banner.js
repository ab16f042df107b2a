// What is wrong with the connection, above the panes, as long as it is. What people have written and seen is kept.
import { html, nothing } from "../../libraries/lit-html.js";
import { checkConnection } from "../../state/connection/connection.js";
import { dismissAddressRemark, openCredential } from "../../state/connection/sign_in.js";
import { icon } from "../controls/icons.js";

/** @param {import("../../state/types.js").State} state */
export function connectionBanner(state) {
  return html`${addressRemark(state)} ${problem(state)}`;
}

/** @param {import("../../state/types.js").State} state */
function problem({ connection, signIn, dialog }) {
  const { status, error, isChecking } = connection;
  if (status === "offline")
    return html`<div class="notice warning" role="alert">
      ${icon("alert")}
      <p><b>The connector is not responding.</b> Your code and results are kept. This page keeps trying.</p>
      ${retry(isChecking)}
    </div>`;
  if (dialog === "credential") return nothing; // which says it
  if (status === "unauthorized")
    return html`<div class="notice warning" role="alert">
      ${icon("key")}
      <p>
        ${
          signIn.mode === "entra"
            ? html`<b>You are not signed in.</b> The connector runs code only for people it knows.`
            : html`<b>The connector needs a function key.</b> Without one, nothing runs.`
        }
      </p>
      <button type="button" class="button" @click=${openCredential}>
        ${signIn.mode === "entra" ? "Sign in" : "Enter key"}
      </button>
    </div>`;
  if (status === "failed" && error)
    return html`<div class="notice danger" role="alert">
      ${icon("alert")}
      <p>${error.message}</p>
      ${
        error.code === "CallerNotAllowed"
          ? html`<button type="button" class="button" @click=${openCredential}>Sign in as someone else</button>`
          : nothing
      }
      ${retry(isChecking)}
    </div>`;
  return nothing;
}

/** @param {boolean} isChecking */
function retry(isChecking) {
  return html`<button type="button" class="button" aria-disabled=${isChecking} @click=${checkConnection}>
    ${isChecking ? "Trying" : "Try again"}
  </button>`;
}

/** @param {import("../../state/types.js").State} state */
function addressRemark({ signIn }) {
  if (!signIn.addressHadKey) return nothing;
  return html`<div class="notice warning" role="alert">
    ${icon("key")}
    <p>
      <b>The address of this page had a key in it.</b> It was not used, and is no longer in the address bar. It may still be
      in histories and logs: renew the key if others can read those.
    </p>
    <button type="button" class="quiet" aria-label="Dismiss this remark" @click=${dismissAddressRemark}>
      ${icon("cancel")}
    </button>
  </div>`;
}
