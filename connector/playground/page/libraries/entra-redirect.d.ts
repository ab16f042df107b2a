export { broadcastResponseToMainFrame } from "@azure/msal-browser/redirect-bridge";
