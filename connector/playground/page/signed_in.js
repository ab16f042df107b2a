// Where Entra ID sends the window in which a person has signed in: hands the response over to the page, and closes.
import { broadcastResponseToMainFrame } from "./libraries/entra-redirect.js";

const outcome = /** @type {HTMLElement} */ (document.getElementById("outcome"));
try {
  await broadcastResponseToMainFrame();
  document.title = "Signed in: Code Interpreter Playground";
  outcome.textContent = "You can close this window and continue in the Playground.";
} catch {
  outcome.textContent = "There is nothing to sign in to here. Open the Playground, and sign in there.";
}
