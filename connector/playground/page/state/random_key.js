// Names that nobody else chooses or guesses.

/** @returns {string} 32 random hexadecimal digits; crypto.randomUUID exists only on https and localhost */
export function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
