// What a connection and its credential are called. A pool that states its isolation is the emulator's: those in Azure do
// not state it.

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

/**
 * @param {import("../../state/types.js").SignIn} signIn
 * @returns {string} what is sent with calls, as a sentence
 */
export function credentialWords({ credential, name, expiresAt, mode }) {
  if (credential === "none") return mode === "entra" ? "You are not signed in." : "No key is sent.";
  if (credential === "key") return "A function key is sent with each call. It is kept in the memory of this tab only.";
  const who = name ? `You are signed in as ${name}.` : "An access token is sent with each call.";
  if (credential === "account" || !expiresAt) return who;
  const time = new Date(expiresAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return `${who} The token is valid until ${time}.`;
}
