// Deploys what the AutoGen web API runs on: a resource group, and the resources in it. The container app itself is in
// web.bicep, which azd deploys with each new image.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment. All resource names are derived from it.')
param environmentName string

@minLength(1)
@metadata({ azd: { type: 'location' } })
@description('Region of all resources: that of the connector.')
param location string

@description('Resource ID of an existing Azure OpenAI account, in any resource group. Empty: no account, or a new one.')
param azureOpenAiId string = ''

@description('Model of a new Azure OpenAI account, such as gpt-5-mini, unless there is an existing one. Empty: no account.')
param azureOpenAiModel string = ''

@description('Version of the model of a new account. Empty: the default version of the region.')
param azureOpenAiModelVersion string = ''

var tags = { 'azd-env-name': environmentName }
var nameSuffix = toLower(uniqueString(subscription().id, environmentName, location))

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module resources 'resources.bicep' = {
  name: 'resources'
  scope: group
  params: {
    location: location
    tags: tags
    nameSuffix: nameSuffix
    azureOpenAiModel: empty(azureOpenAiId) ? azureOpenAiModel : ''
    azureOpenAiModelVersion: azureOpenAiModelVersion
  }
}

// '', 'subscriptions', subscription, 'resourceGroups', group, 'providers', 'Microsoft.CognitiveServices', 'accounts', name
var existingAccount = split(azureOpenAiId, '/')

// A module, because an existing account is in another resource group, where only a module can assign a role.
module modelAccess 'model_access.bicep' = if (!empty(azureOpenAiId)) {
  name: 'model-access-${nameSuffix}'
  scope: resourceGroup(
    empty(azureOpenAiId) ? subscription().subscriptionId : existingAccount[2],
    empty(azureOpenAiId) ? group.name : existingAccount[4]
  )
  params: {
    accountName: empty(azureOpenAiId) ? '' : existingAccount[8]
    appPrincipalId: resources.outputs.appPrincipalId
  }
}

// azd stores the outputs as environment variables, which web.parameters.json and deployment/ read.
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = resources.outputs.registryServer
output APP_PRINCIPAL_ID string = resources.outputs.appPrincipalId
output NAME_SUFFIX string = nameSuffix
output MODEL_ENDPOINT string = empty(azureOpenAiId)
  ? resources.outputs.azureOpenAiEndpoint
  : modelAccess!.outputs.azureOpenAiEndpoint
