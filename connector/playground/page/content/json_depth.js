// How deeply JSON is nested. What is nested without end is made to stop those who format or compare it.

/** Deeper than what people read. */
const MOST_LEVELS = 100;

/**
 * @param {unknown} value of JSON
 * @returns {boolean} whether it is nested too deeply to be formatted
 */
export function isDeep(value) {
  let level = [value];
  for (let depth = 0; depth <= MOST_LEVELS; depth += 1) {
    level = level.flatMap((item) => (item !== null && typeof item === "object" ? Object.values(item) : []));
    if (level.length === 0) return false;
  }
  return true;
}
