// Starts the page: renders it whenever the state changes.
import { render } from "./libraries/lit-html.js";
import { checkConnection } from "./state/connection.js";
import { watchDeletions } from "./state/deletions.js";
import { watchDrops } from "./state/files_view.js";
import { openFirstSession } from "./state/sessions.js";
import { subscribe } from "./state/store.js";
import { watchUploads } from "./state/uploads.js";
import { app } from "./views/app.js";
import { keepFocus, watchFocus } from "./views/focus.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();
openFirstSession();
watchFocus();
subscribe((state) => {
  render(app(state), root);
  keepFocus();
});
watchUploads();
watchDeletions();
watchDrops();
checkConnection();
