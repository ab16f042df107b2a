// The defaults: the connector's function key, and callers inside the Container Apps environment only.
using '../web.bicep'

param location = 'westeurope'
param environmentName = 'demo-autogen'
param nameSuffix = 'abcdefghijklm'
param image = 'crabcdefghijklm.azurecr.io/autogen-web-api/web-demo-autogen:azd-deploy-1'
param connectorUrl = 'https://func-connector.azurewebsites.net'
param connectorName = 'func-connector'
param connectorResourceGroup = 'rg-demo'

param openAiApiKey = 'not-a-real-key-not-a-real-key-not-a-real-key'
param openAiModel = 'gpt-5-mini'
