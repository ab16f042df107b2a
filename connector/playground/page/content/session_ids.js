// Session IDs, which are secrets, as they may be seen by others.

const SHOWN = 4; // of the beginning, because the end is the same in all sessions of a pool
const SHORTEST = 12; // of which the first characters reveal nothing

/**
 * @param {string} id
 * @returns {string} its first characters, by which people recognize it; empty if they would reveal too much of it
 */
export function startOfSessionId(id) {
  return id.length < SHORTEST ? "" : id.slice(0, SHOWN);
}
