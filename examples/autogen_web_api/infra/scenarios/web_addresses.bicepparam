// Callers from two ranges of addresses. Entra ID for the connector and for Azure OpenAI: the app has no key at all.
using '../web.bicep'

param location = 'westeurope'
param environmentName = 'demo-autogen'
param nameSuffix = 'abcdefghijklm'
param image = 'crabcdefghijklm.azurecr.io/autogen-web-api/web-demo-autogen:azd-deploy-1'
param connectorUrl = 'https://func-connector.azurewebsites.net'
param connectorName = 'func-connector'
param connectorResourceGroup = 'rg-demo'
param connectorAudience = 'api://33333333-3333-3333-3333-333333333333'

param azureOpenAiEndpoint = 'https://models.openai.azure.com/'
param azureOpenAiDeployment = 'gpt'
param azureOpenAiApiVersion = '2025-04-01-preview'

param allowedAddresses = '203.0.113.7/32, 198.51.100.0/24'
