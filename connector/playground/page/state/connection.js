// Whether the connector answers, and whether it accepts this page.
import { ApiError, send } from "../api/client.js";
import { update } from "./store.js";

/** Asks the connector; the result is in the state. */
export async function checkConnection() {
  update((state) => {
    state.connection = { status: "checking", facts: null, error: null };
  });
  try {
    const { json } = await send({ operationId: "CheckConnection" });
    update((state) => {
      state.connection = { status: "connected", facts: json, error: null };
    });
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    update((state) => {
      const status = failure.status === 401 ? "unauthorized" : failure.status === 0 ? "offline" : "failed";
      state.connection = { status, facts: null, error: failure };
    });
  }
}
