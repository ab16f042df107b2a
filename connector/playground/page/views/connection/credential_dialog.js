// The dialog in which a person enters a function key or a token, or signs in.
import { html, nothing } from "../../libraries/lit-html.js";
import { cancelCredential, enterKey, enterToken, signIn, stopSigningIn } from "../../state/connection/sign_in.js";
import { copyButton } from "../controls/copy.js";
import { dialog } from "../controls/dialog.js";

const KEYS_COMMAND = `az functionapp keys list --name APP --resource-group GROUP --query functionKeys.default --output tsv`;

/** @param {import("../../state/types.js").State} state */
export function credentialDialog({ signIn }) {
  if (signIn.mode === "key")
    return dialog({ title: "Function key", content: keyForm(signIn), onClose: cancelCredential });
  const content = signIn.hasClient ? signInForm(signIn) : tokenForm(signIn);
  return dialog({ title: signIn.hasClient ? "Sign in" : "Access token", content, onClose: cancelCredential });
}

/** @param {import("../../state/types.js").SignIn} signIn */
function keyForm(signIn) {
  return html`<form class="credential" @submit=${submitted("key", enterKey)}>
    <p>This connector requires a key. It is kept in the memory of this tab, and forgotten when you close or reload it.</p>
    ${secretField("key", "Key", signIn.problem)}
    <details>
      <summary>Where to find a key</summary>
      <p>In the Azure portal: the function app, <b>Functions</b>, <b>App keys</b>. Or by command:</p>
      ${command(KEYS_COMMAND)}
    </details>
    ${buttons(signIn, "Connect")}
  </form>`;
}

/** @param {import("../../state/types.js").SignIn} signIn */
function tokenForm(signIn) {
  return html`<form class="credential" @submit=${submitted("token", enterToken)}>
    <p>This connector identifies its callers with Entra ID. Get a token with the Azure CLI, and paste what it prints:</p>
    ${command(tokenCommand(signIn.scope))} ${secretField("token", "Access token", signIn.problem)}
    <p class="muted">It is kept in the memory of this tab. When it expires, you are asked for another one.</p>
    ${buttons(signIn, "Connect")}
  </form>`;
}

/** @param {import("../../state/types.js").SignIn} state */
function signInForm(state) {
  return html`<div class="credential">
    <p>This connector identifies its callers with Entra ID. You sign in in a window of its own. The page keeps
      the token in memory, and forgets it when you close or reload this tab.</p>
    ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : nothing}
    ${state.progress === "window" ? html`<p role="status">Continue in the window that has opened.</p>` : nothing}
    <div class="dialog-buttons">
      <button type="button" class="button" @click=${state.progress === "window" ? stopSigningIn : cancelCredential}>
        Cancel
      </button>
      <button type="button" class="button primary" aria-disabled=${state.progress === "checking"} autofocus @click=${signIn}>
        ${{ idle: "Sign in with Entra ID", window: "Open the window again", checking: "Checking" }[state.progress]}
      </button>
    </div>
    <details>
      <summary>Or enter a token</summary>
      <form @submit=${submitted("token", enterToken)}>
        ${command(tokenCommand(state.scope))} ${secretField("token", "Access token", "")}
        <div class="dialog-buttons"><button type="submit" class="button">Connect</button></div>
      </form>
    </details>
  </div>`;
}

/** @param {string} scope */
function tokenCommand(scope) {
  return `az account get-access-token --scope ${scope || "api://CLIENT-ID/.default"} --query accessToken --output tsv`;
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} problem with what was entered
 */
function secretField(name, label, problem) {
  return html`<label class="field">
      <span>${label}</span>
      <input type="password" name=${name} autocomplete="off" spellcheck="false" autofocus required
        aria-invalid=${problem !== ""} aria-describedby="credential-problem">
    </label>
    <p class="problem" id="credential-problem" role="alert" ?hidden=${problem === ""}>${problem}</p>`;
}

/** @param {string} text */
function command(text) {
  const parts = text.split(/ (?=--)/); // options stay whole where lines break
  return html`<div class="command">
    <code tabindex="0">${parts.map((part) => html`<span>${part}</span> `)}</code>
    ${copyButton("Copy the command", () => text, { iconOnly: true })}
  </div>`;
}

/**
 * @param {import("../../state/types.js").SignIn} signIn
 * @param {string} label
 */
function buttons({ progress }, label) {
  return html`<div class="dialog-buttons">
    <button type="button" class="button" @click=${cancelCredential}>Cancel</button>
    <button type="submit" class="button primary" aria-disabled=${progress === "checking"}>
      ${progress === "checking" ? "Checking" : label}
    </button>
  </div>`;
}

/**
 * @param {string} name of the field
 * @param {(text: string) => Promise<void>} enter
 * @returns {(event: SubmitEvent) => Promise<void>}
 */
function submitted(name, enter) {
  return async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    await enter(String(new FormData(form).get(name)));
    const field = form.elements.namedItem(name);
    if (form.isConnected && field instanceof HTMLInputElement) field.select(); // it was not accepted
  };
}
