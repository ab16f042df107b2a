// Numbers, sizes, times and durations as people read them.

/**
 * @param {number} number
 * @returns {string} such as 12,345
 */
export function count(number) {
  return number.toLocaleString("en");
}

/**
 * @param {number} number
 * @param {string} noun
 * @returns {string} such as 1 row or 12,345 rows
 */
export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * @param {number} bytes
 * @returns {string} such as 512 KB: decimal units, as the limits of the connector
 */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/**
 * @param {number} milliseconds
 * @returns {string} such as 0.21 s, 12.4 s or 2:05 min
 */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${clock(seconds)} min`;
}

/**
 * @param {number} seconds
 * @returns {string} such as 4:12
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const padded = String(whole % 60).padStart(2, "0");
  return minutes < 60
    ? `${minutes}:${padded}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${padded}`;
}

/**
 * @param {number} milliseconds
 * @returns {string} such as 11 min or 2 h 5 min; whole minutes
 */
export function span(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * @param {string} time ISO 8601
 * @returns {string} in the time zone of the browser: such as 10:41 if it is today, else 27 Nov or 27 Nov 2025
 */
export function timeOfFile(time) {
  const date = new Date(time);
  const now = new Date();
  if (date.toDateString() === now.toDateString())
    return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year });
}

/**
 * @param {string} time ISO 8601
 * @returns {string} to the second, in the time zone of the browser
 */
export function exactTime(time) {
  return new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}
