// Starts the page: renders it whenever the state changes.
import { render } from "./libraries/lit-html.js";
import { startClock } from "./state/clock.js";
import { checkConnection, watchConnection } from "./state/connection/connection.js";
import { startSignIn } from "./state/connection/sign_in.js";
import { watchDeletions } from "./state/files/deletions.js";
import { watchDrops } from "./state/files/files_view.js";
import { watchImports } from "./state/files/imports.js";
import { watchUploads } from "./state/files/uploads.js";
import { guardLeaving } from "./state/sessions/leaving.js";
import { startMemory } from "./state/sessions/remembered.js";
import { openFirstSession } from "./state/sessions/sessions.js";
import { subscribe } from "./state/store.js";
import { startTheme } from "./state/theme.js";
import { app } from "./views/app.js";
import { keepFocus, watchFocus } from "./views/controls/focus.js";
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
watchImports();
watchDeletions();
watchDrops();
startClock();
guardLeaving();
listenForShortcuts();
watchConnection();
checkConnection();
