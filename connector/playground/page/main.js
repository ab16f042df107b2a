// Starts the page: renders it whenever the state changes.
import { render } from "./libraries/lit-html.js";
import { checkConnection, watchConnection } from "./state/connection.js";
import { openFirstSession } from "./state/sessions.js";
import { startSignIn } from "./state/sign_in.js";
import { subscribe } from "./state/store.js";
import { startTheme } from "./state/theme.js";
import { app } from "./views/app.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();
startTheme();
startSignIn();
openFirstSession();
subscribe((state) => render(app(state), root));
watchConnection();
checkConnection();
