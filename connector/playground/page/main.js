// Starts the page: renders it whenever the state changes.
import { render } from "./libraries/lit-html.js";
import { startClock } from "./state/clock.js";
import { checkConnection, watchConnection } from "./state/connection.js";
import { watchDeletions } from "./state/deletions.js";
import { watchDrops } from "./state/files_view.js";
import { guardLeaving } from "./state/leaving.js";
import { startMemory } from "./state/remembered.js";
import { openFirstSession } from "./state/sessions.js";
import { startSignIn } from "./state/sign_in.js";
import { subscribe } from "./state/store.js";
import { startTheme } from "./state/theme.js";
import { watchUploads } from "./state/uploads.js";
import { app } from "./views/app.js";
import { keepFocus, watchFocus } from "./views/focus.js";
import { listenForShortcuts } from "./views/shortcuts.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();
startTheme();
startSignIn();
startMemory();
openFirstSession();
watchFocus();
subscribe((state) => {
  render(app(state), root);
  keepFocus();
});
watchUploads();
watchDeletions();
watchDrops();
startClock();
guardLeaving();
listenForShortcuts();
watchConnection();
checkConnection();
