// The dialog that asks for the address of a file which the connector is to fetch.
import { html, nothing } from "../../libraries/lit-html.js";
import { readableContainers } from "../../state/connection/storage.js";
import { closeCopyDialog } from "../../state/copy_dialog.js";
import { importFile } from "../../state/files/imports.js";
import { dialog } from "../controls/dialog.js";

/** @typedef {import("../../state/types.js").State} State */
/** @typedef {import("../../state/types.js").ImportRequest} ImportRequest */

/** @param {State} state */
export function importDialog(state) {
  const { copyDialog, sessions } = state;
  const session = sessions.find(({ key }) => key === copyDialog?.key);
  if (!copyDialog || !session) return nothing;
  const { request } = copyDialog;
  const containers = readableContainers(state);
  const hasNone = containers?.length === 0;
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const text = (/** @type {string} */ name) => String(given.get(name)).trim();
    const kind = /** @type {ImportRequest["kind"]} */ (text("kind"));
    const folder = text("folder").replace(/^\/+|\/+$/g, "");
    void importFile(session, { address: text("address"), kind, folder, fileName: text("fileName") });
    closeCopyDialog();
  };
  return dialog({
    title: "Import by address",
    onClose: closeCopyDialog,
    content: html`<form class="copy-form" @submit=${submit}>
      <p>The connector fetches the file itself, of any size that the session has room for.</p>
      <label class="field"><span>Address</span>
        <input type="text" inputmode="url" name="address" .defaultValue=${request?.address ?? ""} autofocus required
          maxlength="8192" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="https://"
          @input=${(/** @type {Event} */ event) => guess(event, containers)}></label>
      <fieldset class="choices">
        <legend>What it is</legend>
        <label class="choice"><input type="radio" name="kind" value="fileUrl" ?checked=${request?.kind !== "blobUrl"} @change=${decided}>
          <span>A file that opens without signing in <span class="muted">On a host that the connector allows</span></span></label>
        <label class="choice"><input type="radio" name="kind" value="blobUrl" ?checked=${request?.kind === "blobUrl"} ?disabled=${hasNone} @change=${decided}>
          <span>A blob <span class="muted">${
            hasNone
              ? "Not now: the connector has no container. Its setting IMPORT_CONTAINER_URLS names some"
              : "In a container that the connector may read; without a signature"
          }</span></span></label>
      </fieldset>
      <div class="fields">
        <label class="field"><span>Name <small>optional</small></span>
          <input type="text" name="fileName" .defaultValue=${request?.fileName ?? ""} maxlength="255" placeholder="as it is"
            autocomplete="off" autocapitalize="none" spellcheck="false"></label>
        <label class="field"><span>Folder <small>optional</small></span>
          <input type="text" name="folder" .defaultValue=${request?.folder ?? ""} maxlength="4096" placeholder="/mnt/data"
            autocomplete="off" autocapitalize="none" spellcheck="false"></label>
      </div>
      <div class="dialog-buttons"><button type="submit" class="button primary">Import</button></div>
    </form>`,
  });
}

/**
 * Chooses the kind that the address is likely to be, until the person has chosen.
 * @param {Event} event
 * @param {string[] | null} containers their addresses, if they are known
 */
function guess({ currentTarget }, containers) {
  const input = /** @type {HTMLInputElement} */ (currentTarget);
  const form = input.form;
  if (!form || form.dataset.decided) return;
  const address = input.value.trim();
  const isBlob = containers
    ? containers.some((container) => address.startsWith(`${container}/`)) && !/[?&]sig=/i.test(address)
    : /^https?:\/\/[^/?#]*\.blob\.[^?]*$/i.test(address);
  for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[name=kind]")))
    radio.checked = (radio.value === "blobUrl") === isBlob;
}

/** @param {Event} event */
function decided({ currentTarget }) {
  const { form } = /** @type {HTMLInputElement} */ (currentTarget);
  if (form) form.dataset.decided = "true";
}
