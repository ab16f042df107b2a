// node queries.js FOLDER: prints what Kusto's compiler reports of the queries that stdin has as a JSON list.
// FOLDER is that of the package. The tables have those columns of Application Insights and of Blob Storage's logs that
// queries may use.
const fs = require("fs");
const vm = require("vm");

for (const file of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  vm.runInThisContext(fs.readFileSync(`${process.argv[2]}/${file}`, "utf8"));
}
const { KustoCode, GlobalState, Symbols } = globalThis.Kusto.Language;

const SHARED =
  "timestamp: datetime, itemType: string, operation_Id: string, operation_Name: string, cloud_RoleName: string, " +
  "cloud_RoleInstance: string, client_IP: string, customDimensions: dynamic";
const TABLES = {
  traces: `(${SHARED}, message: string, severityLevel: int)`,
  StorageBlobLogs:
    "(TimeGenerated: datetime, Uri: string, OperationName: string, AuthenticationType: string, " +
    "RequesterObjectId: string, CallerIpAddress: string, StatusCode: string, StatusText: string, " +
    "RequestBodySize: long, ResponseBodySize: long)",
  requests: `(${SHARED}, id: string, name: string, url: string, success: string, resultCode: string, duration: real)`,
};
const tables = Object.entries(TABLES).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, ""));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("insights", tables));

const reported = JSON.parse(fs.readFileSync(0, "utf8")).map((query) => {
  const found = KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, number) => found.getItem(number)).map(
    (one) => `${one.Message} ${query.slice(one.Start, one.Start + 40)}`,
  );
});
console.log(JSON.stringify(reported));
