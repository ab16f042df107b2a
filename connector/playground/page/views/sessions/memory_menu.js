// How long the browser remembers the sessions: not at all, unless the user wants it.
import { html, live, nothing } from "../../libraries/lit-html.js";
import { forget, remember } from "../../state/sessions/remembered.js";
import { icon } from "../controls/icons.js";
import { popover } from "../controls/popover.js";

/** @type {{choice: "none" | "tab" | "browser", label: string, effect: string, short: string}[]} */
const CHOICES = [
  { choice: "none", label: "Not at all", effect: "Gone when the page is closed or reloaded", short: "Not remembered" },
  { choice: "tab", label: "Until this tab is closed", effect: "Survives a reload", short: "Remembered in this tab" },
  { choice: "browser", label: "Until I forget them", effect: "Survives closing the browser", short: "Remembered" },
];

/** @param {import("../../state/types.js").State} state */
export function memoryMenu(state) {
  const { choice, error } = state.memory;
  const { short } = CHOICES.find((each) => each.choice === choice) ?? CHOICES[0];
  return popover({
    id: "memory-menu",
    label: `Memory of this browser: ${short.toLowerCase()}`,
    button: html`${icon("memory")}<span class="roomy">${short}</span>`,
    content: html`
      <fieldset>
        <legend>Remember the sessions in this browser</legend>
        ${CHOICES.map(
          (each) => html`<label class="choice">
            <input type="radio" name="memory" .checked=${live(choice === each.choice)} @change=${() => remember(each.choice)}>
            <span>${each.label} <span class="muted">${each.effect}</span></span>
          </label>`,
        )}
      </fieldset>
      <p class="muted">Session IDs, names, also of workspaces, code and times are stored. Files stay in the sessions; results are not kept.
        A session ID is a secret: anyone who uses this browser could open the sessions.</p>
      ${error ? html`<p class="problem" role="alert">${error}</p>` : nothing}
      ${choice === "none" ? nothing : html`<button type="button" class="button" @click=${forget}>Forget now</button>`}
    `,
  });
}
