// How a run ended, in a sentence.

import { partsOf, summaryOf } from "../../content/presentation.js";
import { duration } from "../../format.js";

/**
 * @param {import("../types.js").Run} run that has ended
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
  const summary = summaryOf(execution, partsOf(execution.outputs));
  return `${run.status} ${run.status === "Canceled" ? "after" : "in"} ${time}${summary ? `, ${summary}` : ""}`;
}
