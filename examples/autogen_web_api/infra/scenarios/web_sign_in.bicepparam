// People of the tenant sign in. A compatible endpoint as the model.
using '../web.bicep'

param location = 'westeurope'
param environmentName = 'demo-autogen'
param nameSuffix = 'abcdefghijklm'
param image = 'crabcdefghijklm.azurecr.io/autogen-web-api/web-demo-autogen:azd-deploy-1'
param connectorUrl = 'https://func-connector.azurewebsites.net'
param connectorName = 'func-connector'
param connectorResourceGroup = 'rg-demo'

param openAiApiKey = 'not-a-real-key-not-a-real-key-not-a-real-key'
param openAiModel = 'a-model'
param openAiBaseUrl = 'https://models.contoso.com/v1'

param signInClientId = '55555555-5555-5555-5555-555555555555'
