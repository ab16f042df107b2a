// The contents of outputs: from the response, or from the file that holds them.
import { ApiError, send } from "../../api/client.js";
import { archiveOf } from "../../content/archive.js";
import { base64Of, bytesOf } from "../../content/base64.js";
import { isText, mediaType } from "../../content/presentation.js";
import { noteUse } from "../lifetime.js";
import { saveBlob } from "../saving.js";
import { announce, state, update } from "../store.js";

/** @typedef {import("../types.js").Session} Session */
/** @typedef {import("../../api/models.js").Output} Output */
/** @typedef {import("../types.js").Run} Run */

/** Up to this many bytes, an output is loaded without being asked for. */
const LOADED_AT_ONCE = 3_000_000;

/**
 * @param {Session} session
 * @param {Run} run
 * @param {string} part the key of a part of the run
 * @returns {string} its key among all outputs of the page
 */
export function outputKey(session, run, part) {
  return `${session.key}/${run.number}/${part}`;
}

/**
 * What holds the content of an output, if it is known: text, or base64 if the output is not text.
 * @param {string} key
 * @param {Output} output
 * @returns {{content?: string} | null} the same object as long as nothing changes
 */
export function contentHolder(key, output) {
  const load = state.results.loads[key];
  if (load?.status === "loaded") return load;
  return output.content === undefined ? null : output;
}

/**
 * Loads the content of an output from its file, if that has not been done. A large one waits to be asked for.
 * @param {Session} session
 * @param {string} key
 * @param {Output} output
 * @param {{evenIfLarge?: boolean}} [options]
 */
export async function loadOutput(session, key, output, { evenIfLarge = false } = {}) {
  const { loads } = state.results;
  const before = loads[key]?.status;
  if (before === "loading" || before === "loaded" || (before === "large" && !evenIfLarge)) return;
  forgetContents();
  update(() => {
    loads[key] = { status: "loading" };
  });
  try {
    const loaded = await download(session, output, evenIfLarge ? null : LOADED_AT_ONCE);
    const content = loaded.blob && (isText(output) ? await loaded.blob.text() : await base64Of(loaded.blob));
    update(() => {
      loads[key] = content === null ? { status: "large", size: loaded.size } : { status: "loaded", content };
    });
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    update(() => {
      loads[key] = { status: "failed", error: failure };
    });
  }
}

/** Of runs that are no longer there. */
function forgetContents() {
  const kept = new Set(state.sessions.flatMap((session) => session.runs.map((run) => outputKey(session, run, ""))));
  for (const key of Object.keys(state.results.loads)) {
    if (!kept.has(key.split("/", 2).concat("").join("/"))) delete state.results.loads[key];
  }
}

/**
 * @param {Session} session
 * @param {Output} output
 * @param {number | null} limit bytes
 * @returns {Promise<{blob: Blob | null, size: number}>} blob is null if there are more bytes than the limit
 */
async function download(session, output, limit) {
  if (session.id === null || session.status === "expired" || session.status === "ended")
    throw new ApiError("The session has ended, and its files with it. Run the code again.");
  const { blob, headers } = await send(
    {
      operationId: "DownloadFile",
      parameters: { fileName: output.fileName ?? "", folder: output.folder ?? "", sessionId: session.id },
      ...(limit === null ? {} : { headers: { Range: `bytes=0-${limit - 1}` } }),
    },
    { as: "blob" },
  );
  noteUse(session);
  const size = Number(headers.get("Content-Range")?.split("/")[1] ?? blob?.size);
  return { blob: blob?.size === size ? blob : null, size };
}

/**
 * The complete content of an output: of an image that was reduced for the response, the image itself.
 * @param {Session} session
 * @param {string} key
 * @param {Output} output
 * @returns {Promise<Blob>}
 */
async function completeContent(session, key, output) {
  const held = contentHolder(key, output);
  if (held?.content !== undefined && !(held === output && output.isReduced)) {
    const content = isText(output) ? held.content : bytesOf(held.content);
    return new Blob([content], { type: mediaType(output) });
  }
  const { blob } = await download(session, output, null);
  if (!blob) throw new ApiError("The file is not complete. Try again.");
  return blob;
}

/**
 * Saves an output as a file of the user.
 * @param {Session} session
 * @param {string} key
 * @param {Output} output
 */
export async function saveOutput(session, key, output) {
  try {
    saveBlob(await completeContent(session, key, output), nameOf(output));
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    const held = contentHolder(key, output);
    update(({ results }) => {
      results.loads[key] = held
        ? { status: "loaded", content: held.content, error: failure }
        : { status: "failed", error: failure };
    });
  }
}

/**
 * Saves all outputs of a run, in one ZIP file.
 * @param {Session} session
 * @param {Run} run
 */
export async function saveAllOutputs(session, run) {
  const outputs = run.execution?.outputs ?? [];
  const key = outputKey(session, run, "all");
  try {
    /** @type {{name: string, content: Uint8Array<ArrayBuffer>}[]} */
    const files = [];
    for (const [index, output] of outputs.entries()) {
      const blob = await completeContent(
        session,
        outputKey(session, run, output.fileName ?? `output-${index + 1}`),
        output,
      );
      files.push({ name: nameOf(output, index + 1), content: new Uint8Array(await blob.arrayBuffer()) });
    }
    // Images are compressed already, and the rest is small.
    saveBlob(await archiveOf(files), `run-${run.number}.zip`);
    announce("Saved");
    update(({ results }) => {
      delete results.loads[key];
    });
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    update(({ results }) => {
      results.loads[key] = { status: "failed", error: failure };
    });
  }
}

/**
 * @param {Output} output
 * @param {number} [number]
 * @returns {string} the name under which it is saved
 */
export function nameOf(output, number = 1) {
  return output.fileName ?? `output-${number}.${mediaType(output).split("/")[1].replace(/\W.*/, "")}`;
}
