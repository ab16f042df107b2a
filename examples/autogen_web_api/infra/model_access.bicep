// Who may call the models of an Azure OpenAI account. Deployed to the resource group of the account.
param accountName string
param appPrincipalId string

// "Cognitive Services OpenAI User": call the models, and nothing else.
var openAiUserRole = '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'

resource account 'Microsoft.CognitiveServices/accounts@2025-12-01' existing = {
  name: accountName
}

resource appMayCallModels 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, openAiUserRole)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', openAiUserRole)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

output azureOpenAiEndpoint string = account.properties.endpoint
