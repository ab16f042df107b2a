// node toolkit.js NODE_MODULES FOLDER: prints as JSON what the code of Microsoft's Agents Toolkit says of the files of an
// app package: errors by the published schemas, which are in its package, and the operations that its parser takes.
const fs = require("fs");
const [modules, folder] = process.argv.slice(2);
const { AppManifestUtils } = require(`${modules}/@microsoft/app-manifest`);
const { ProjectType, SpecParser } = require(`${modules}/@microsoft/m365-spec-parser`);

// As in getParserOptions of @microsoft/teamsfx-core 3.1, for plugins of declarative agents.
const OPTIONS = {
  isGptPlugin: true,
  projectType: ProjectType.Copilot,
  allowAPIKeyAuth: false,
  allowBearerTokenAuth: true,
  allowOauth2: true,
  allowMultipleParameters: true,
  allowMissingId: true,
  allowSwagger: true,
  allowMethods: ["get", "post", "put", "delete", "patch", "head", "connect", "options", "trace"],
  allowResponseSemantics: true,
  allowConversationStarters: false,
  allowConfirmation: false,
};

async function main() {
  const errors = {};
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith(".json") && file !== "openapi.json")) {
    const manifest = JSON.parse(fs.readFileSync(`${folder}/${name}`, "utf8"));
    errors[name] = await AppManifestUtils.validateAgainstSchema(manifest);
  }
  const parser = new SpecParser(`${folder}/openapi.json`, OPTIONS);
  const { errors: ofDocument, warnings } = await parser.validate();
  const { APIs } = await parser.list();
  const operations = Object.fromEntries(
    APIs.map((api) => [api.operationId, api.isValid ? api.auth.authScheme.type : api.reason]),
  );
  console.log(JSON.stringify({ errors, document: [...ofDocument, ...warnings], operations }));
}

main();
