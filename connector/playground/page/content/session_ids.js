// Session IDs, which are secrets, as they may be seen by others.

const SHOWN = 4;
const MADE_BY_THE_CONNECTOR = /^[0-9a-f]{32}(-[0-9a-f]+)$/; // what follows the hyphen is the same in all of a pool
const SHORTEST = 12; // of which the last characters reveal nothing

/**
 * @param {string} id
 * @returns {string} its last characters, by which people recognize it; empty if they would reveal too much of it
 */
export function endOfSessionId(id) {
  const tag = MADE_BY_THE_CONNECTOR.exec(id)?.[1] ?? "";
  return id.length < SHORTEST ? "" : id.slice(-SHOWN - tag.length);
}
