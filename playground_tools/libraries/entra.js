export { CacheLookupPolicy, PublicClientApplication } from "@azure/msal-browser";
