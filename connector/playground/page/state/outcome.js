// How a run ended, in a sentence.
import { duration } from "../format.js";

/**
 * @param {import("./store.js").Run} run that has ended
 * @returns {string} such as: Succeeded in 1.84 s, 1 chart, 1 new file
 */
export function outcome(run) {
  if (run.status === "Refused") return `Not run. ${run.error?.message ?? ""}`.trim();
  if (run.status === "Unknown")
    return `It is not known how the run ended. ${run.error?.message ?? run.execution?.notice ?? ""}`.trim();
  const { execution } = run;
  if (!execution) return run.status;
  const error = execution.error;
  if (run.status === "Failed" && error) {
    const place = error.line ? ` in line ${error.line}` : "";
    return `Failed after ${duration(execution.durationInMilliseconds)}: ${error.name}${place}: ${error.message}`;
  }
  const time = duration(execution.durationInMilliseconds);
  return [`${run.status} ${run.status === "Canceled" ? "after" : "in"} ${time}`, ...made(execution)].join(", ");
}

/**
 * @param {import("./store.js").Execution} execution
 * @returns {string[]} what it has shown and written, such as: 1 chart, 2 new files
 */
export function made(execution) {
  const { outputs, files } = execution;
  return [
    counted(outputs.filter(({ contentType }) => contentType.startsWith("image/")).length, "chart"),
    counted(outputs.filter(({ contentType }) => contentType === "application/json").length, "table"),
    counted(files.filter(({ change }) => change === "Created").length, "new file"),
    counted(files.filter(({ change }) => change === "Changed").length, "changed file"),
  ].filter((part) => part !== "");
}

/**
 * @param {number} count
 * @param {string} noun
 * @returns {string} empty if there are none
 */
function counted(count, noun) {
  if (count === 0) return "";
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
