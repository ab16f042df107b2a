// What the connector has for files beyond the session, as its check of the connection reports.

/** @typedef {import("../types.js").State} State */

/**
 * @param {State} state
 * @returns {string} why nothing can be stored beyond the session; empty if it can, or if that is not known
 */
export function whyNotStored({ connection }) {
  const storage = connection.facts?.storage;
  if (!storage || storage.some(({ use }) => use === "Files")) return "";
  return "The connector has no storage. Its setting FILES_CONTAINER_URL has to name a container of Azure Blob Storage.";
}

/**
 * @param {State} state
 * @returns {string[] | null} the containers from which blobs can be imported, as their addresses; null if they are not known
 */
export function readableContainers({ connection }) {
  return connection.facts?.storage?.map(({ containerUrl }) => containerUrl) ?? null;
}
