// "Use it elsewhere": what was done last, as code for other places.
import { startOfSessionId } from "../../content/session_ids.js";
import { guard, html, live, nothing, repeat } from "../../libraries/lit-html.js";
import { marked } from "../../snippets/marks.js";
import { settings } from "../../snippets/place.js";
import { requestOf } from "../../snippets/request.js";
import { SNIPPETS, titleOf } from "../../snippets/snippets.js";
import { saveBlob } from "../../state/saving.js";
import {
  askForLinksInUse,
  chooseStep,
  chooseTab,
  placeOf,
  showSessionInUse,
  stepsToUse,
  storedTab,
  toggleUse,
} from "../../state/use.js";
import { copyButton } from "../controls/copy.js";
import { icon } from "../controls/icons.js";
import { tabs } from "../controls/tabs.js";

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 */
export function usePanel(state, session) {
  const { isOpen } = state.use;
  return html`<section class="use ${isOpen ? "open" : ""}" aria-labelledby="use-heading">
    <div class="use-head">
      <h2 id="use-heading"><button type="button" class="quiet use-fold" aria-expanded=${isOpen ? "true" : "false"}
        aria-controls="use-body" @click=${toggleUse}>${icon("chevron")}Use it elsewhere</button></h2>
      ${isOpen ? actions(state, session) : html`<p class="muted use-kinds">curl, Python, JavaScript, workflows, agents, MCP</p>`}
    </div>
    <div id="use-body" class="use-body" ?hidden=${!isOpen}>${isOpen ? body(state, session) : nothing}</div>
  </section>`;
}

/**
 * @param {import("../../state/types.js").State} state
 * @returns {import("../../snippets/snippets.js").Snippet} the one that is shown
 */
function chosen(state) {
  const key = state.use.tab || storedTab();
  return SNIPPETS.find((snippet) => snippet.key === key) ?? SNIPPETS[0];
}

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 * @returns {string} the text as it is copied and saved
 */
function textToCopy(state, session) {
  const { call } = stepsToUse(session).chosen;
  return chosen(state).text(requestOf(call), placeOf(call, state.use.withSession ? sessionOf(call) : null));
}

/**
 * @param {import("../../api/client.js").Call} call
 * @returns {string} the ID of the session that it uses; empty if it makes one
 */
function sessionOf(call) {
  return String(call.parameters?.sessionId ?? call.json?.sessionId ?? "");
}

/**
 * @param {string} id
 * @returns {string} the session ID as it may be seen
 */
function masked(id) {
  return `${startOfSessionId(id)}••••`;
}

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 */
function actions(state, session) {
  const snippet = chosen(state);
  const hasSession = snippet.key !== "mcp" && sessionOf(stepsToUse(session).chosen.call) !== "";
  return html`<span class="spacer"></span>
    ${
      hasSession
        ? html`<label class="use-session" title="The text that is copied has the session ID. It is a secret: anyone who has it can use the session.">
            <input type="checkbox" .checked=${live(state.use.withSession)}
              @change=${(/** @type {Event} */ event) => showSessionInUse(/** @type {HTMLInputElement} */ (event.currentTarget).checked)}
            >With session ID</label>`
        : nothing
    }
    <button type="button" class="quiet use-save" aria-label=${`Save as ${snippet.fileName}`} title=${`Save as ${snippet.fileName}`}
      @click=${() => saveBlob(new Blob([`${textToCopy(state, session)}\n`]), snippet.fileName)}>${icon("download")}</button>
    ${copyButton("Copy", () => textToCopy(state, session))}`;
}

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 */
function body(state, session) {
  const snippet = chosen(state);
  const strip = tabs({
    label: "Use it elsewhere",
    name: "use-tab",
    tabs: SNIPPETS.map(({ key, label }) => ({ key, content: label, controls: "use-text" })),
    selected: snippet.key,
    onSelect: chooseTab,
  });
  return html`<div class="use-tabs">${strip}</div>
    <div id="use-text" class="use-text" role="tabpanel" aria-labelledby=${`use-tab-${snippet.key}`} tabindex="0">
      ${content(state, session, snippet)}
    </div>`;
}

/**
 * @param {import("../../state/types.js").State} state
 * @param {import("../../state/types.js").Session} session
 * @param {import("../../snippets/snippets.js").Snippet} snippet
 */
function content(state, session, snippet) {
  const { steps, chosen } = stepsToUse(session);
  const { call, key } = chosen;
  const hasChoice = snippet.key !== "mcp" && steps.length > 1;
  const place = placeOf(call, state.use.withSession ? masked(sessionOf(call)) : null);
  const made = call === session.lastCall ? call : JSON.stringify([key, call.json, session.id]);
  const text = guard([made, call.file, hasChoice, snippet, ...Object.values(place)], () => {
    const request = requestOf(call);
    const variables = snippet.readsVariables ? settings(place, request.usesSession) : null;
    return html`
      <p>${snippet.key === "mcp" || hasChoice ? nothing : html`<b>${titleOf(request)}</b>`} ${snippet.note(request, place)}</p>
      ${
        variables === null
          ? nothing
          : html`<div class="use-settings">${colored(variables, "bash")}${copyButton("Copy the settings", () => variables, { iconOnly: true })}</div>`
      }
      ${colored(snippet.text(request, place), snippet.language)}
      ${documents(place.api)}`;
  });
  const isRun = snippet.key !== "mcp" && snippet.key !== "agent" && call.operationId === "ExecutePythonCode";
  return html`${hasChoice ? stepChoice(session, steps, key) : nothing}${isRun ? linksChoice(state) : nothing}${text}`;
}

/** @param {import("../../state/types.js").State} state */
function linksChoice({ use }) {
  return html`<label class="use-session use-links" title="The response has a link to each chart and file, which people can open without a key.">
    <input type="checkbox" .checked=${live(use.withLinks)}
      @change=${(/** @type {Event} */ event) => askForLinksInUse(/** @type {HTMLInputElement} */ (event.currentTarget).checked)}
    >With links, such as for mails</label>`;
}

/**
 * @param {import("../../state/types.js").Session} session
 * @param {import("../../state/steps.js").Step[]} steps
 * @param {string} chosen
 */
function stepChoice(session, steps, chosen) {
  return html`<label class="use-step">Step <select
    @change=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => chooseStep(session, event.currentTarget.value)}
  >
    ${repeat(
      steps,
      ({ key }) => key,
      ({ key, call }) =>
        html`<option value=${key} .selected=${live(key === chosen)}>${titleOf(requestOf(call)).replace(/\.$/, "")}</option>`,
    )}
  </select></label>`;
}

/**
 * @param {string} text
 * @param {import("../../snippets/snippets.js").Snippet["language"]} language
 */
function colored(text, language) {
  return html`<pre><code>${marked(text, language).map((part) =>
    part.kind === null ? part.text : html`<span class=${`code-${part.kind}`}>${part.text}</span>`,
  )}</code></pre>`;
}

/** @param {string} api */
function documents(api) {
  return html`<ul class="use-documents">
    <li><a href=${`${api}/openapi.json`} download="openapi.json">openapi.json</a> Import it where agents get their tools, such as Microsoft Foundry, Semantic Kernel or GPT actions.</li>
    <li><a href=${`${api}/swagger.json`} download="swagger.json">swagger.json</a> Import it as a custom connector in Power Automate, Power Apps, Logic Apps or Copilot Studio.</li>
    <li><a href=${`${api}/mcp-swagger.json`} download="mcp-swagger.json">mcp-swagger.json</a> Import it as a custom connector for an agent in Copilot Studio that calls the MCP server's tools.</li>
  </ul>`;
}
