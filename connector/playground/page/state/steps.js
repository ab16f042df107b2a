// What of a session "Use it elsewhere" can be made for: the steps that a workflow needs, too, to do the same again.

/** @typedef {import("../api/client.js").Call} Call */
/** @typedef {import("./types.js").Session} Session */

/** @typedef {{key: string, call: Call}} Step */

const MOST_FILES = 8;

/**
 * @param {Session} session
 * @param {Call} last what was done last, or would be done next
 * @returns {Step[]} the uploads of its files, the last run, and the downloads of what that run made, with `last` in its
 *   place, or at the end
 */
export function stepsOf(session, last) {
  const steps = [...uploads(session), ...lastRun(session), ...downloads(session)].map((call) => ({
    key: keyOf(call),
    call,
  }));
  const step = { key: keyOf(last), call: last };
  const place = steps.findIndex(({ key }) => key === step.key);
  if (place < 0) return [...steps, step];
  steps[place] = step;
  return steps;
}

/** @param {Call} call */
export function keyOf({ operationId, parameters = {}, json = {} }) {
  const { folder = "", fileName = parameters.workspaceId ?? "" } = { ...json, ...parameters };
  return [operationId, folder, fileName].join("/");
}

/**
 * @param {Session} session
 * @returns {Call[]}
 */
function uploads(session) {
  return [...session.sources].slice(0, MOST_FILES).map(([path, file]) => {
    return { operationId: "PutFile", parameters: parametersOf(session, path), file };
  });
}

/**
 * @param {Session} session
 * @returns {Call[]}
 */
function lastRun({ id, runs }) {
  const run = runs.at(-1);
  if (!run) return [];
  const { code: pythonCode, timeoutInSeconds, workspaceId } = run;
  return [{ operationId: "ExecutePythonCode", json: { sessionId: id, pythonCode, timeoutInSeconds, workspaceId } }];
}

/**
 * @param {Session} session
 * @returns {Call[]}
 */
function downloads(session) {
  const files = session.runs.at(-1)?.execution?.files ?? [];
  return files.slice(0, MOST_FILES).map(({ fileName, folder }) => {
    return {
      operationId: "DownloadFile",
      parameters: parametersOf(session, folder ? `${folder}/${fileName}` : fileName),
    };
  });
}

/**
 * @param {Session} session
 * @param {string} path
 */
function parametersOf({ id }, path) {
  const end = path.lastIndexOf("/");
  const folder = path.slice(0, Math.max(0, end));
  return { sessionId: id ?? "", fileName: path.slice(end + 1), ...(folder ? { folder } : {}) };
}
