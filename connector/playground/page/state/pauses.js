// Pauses between calls for a run, which end early when there is something to do.

/** @type {WeakMap<object, () => void>} */
const waiting = new WeakMap();

/**
 * @param {object} owner
 * @param {number} milliseconds
 * @returns {Promise<void>} after that time, or earlier: when `wake` is called, the connection is back, or the page is shown
 */
export function pause(owner, milliseconds) {
  return new Promise((resolve) => {
    const ended = () => {
      clearTimeout(timer);
      removeEventListener("online", ended);
      document.removeEventListener("visibilitychange", shown);
      waiting.delete(owner);
      resolve();
    };
    const shown = () => {
      if (!document.hidden) ended();
    };
    const timer = setTimeout(ended, milliseconds);
    addEventListener("online", ended);
    document.addEventListener("visibilitychange", shown);
    waiting.set(owner, ended);
  });
}

/** @param {object} owner whose pause is to end now */
export function wake(owner) {
  waiting.get(owner)?.();
}
