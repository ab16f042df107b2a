// What a connection is called. Which pool it is, is known from what the pool states about its isolation: pools in Azure
// state nothing, because their documentation does.

/**
 * @param {import("../../state/types.js").State} state
 * @returns {{label: string, detail: string, tone: "ok" | "warning" | "danger" | "neutral"}} detail follows the label
 *   where there is room
 */
export function connectionWords({ connection, signIn }) {
  const { status, facts, error } = connection;
  if (status === "unauthorized")
    return { label: signIn.mode === "entra" ? "Not signed in" : "Needs a key", detail: "", tone: "warning" };
  if (status === "offline") return { label: "Offline", detail: "", tone: "danger" };
  if (status === "failed") {
    const label = error?.code === "CallerNotAllowed" ? "Not allowed" : "Not connected";
    return { label, detail: "", tone: "danger" };
  }
  if (!facts) return { label: "Connecting", detail: "", tone: "neutral" };
  const available = facts.pools.filter((pool) => pool.isAvailable);
  const isWhole = available.length === facts.pools.length;
  const some = isWhole ? "" : `, ${available.length} of ${facts.pools.length} pools`;
  const level = lowestLevel(available);
  if (level === null) return { label: "Azure", detail: some, tone: isWhole ? "ok" : "warning" };
  return {
    label: "Emulator",
    detail: `, ${level === 1 ? "no isolation" : `isolation level ${level}`}${some}`,
    tone: isWhole && level > 1 ? "ok" : "warning",
  };
}

/**
 * @param {import("../../api/models.js").ConnectionFacts["pools"]} pools
 * @returns {number | null} null if one of them does not state it
 */
function lowestLevel(pools) {
  const levels = pools.map(({ isolation }) => isolation?.level ?? Number.NaN);
  const lowest = Math.min(...levels);
  return Number.isFinite(lowest) ? lowest : null;
}
