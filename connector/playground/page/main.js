// Starts the page: renders it whenever the state changes.
import { render } from "./libraries/lit-html.js";
import { checkConnection } from "./state/connection.js";
import { openFirstSession } from "./state/sessions.js";
import { subscribe } from "./state/store.js";
import { app } from "./views/app.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();
openFirstSession();
subscribe((state) => render(app(state), root));
checkConnection();
