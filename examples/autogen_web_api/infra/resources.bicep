// What the container app needs, in order of dependency: identity, logs, environment, registry, model.
param location string
param tags object
@minLength(3)
param nameSuffix string
param azureOpenAiModel string
param azureOpenAiModelVersion string

// Built-in roles have the same ID in every tenant.
var registryPullRole = '7f951dda-4ed3-4680-a7ca-43fe172d538d' // "AcrPull": download images

// The app's identity. With it, the app downloads its image and calls the model and, with Entra ID, the connector.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${nameSuffix}'
  location: location
  tags: tags
}

resource logs 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-${nameSuffix}'
  location: location
  tags: tags
  properties: {
    retentionInDays: 30
    sku: {
      name: 'PerGB2018'
    }
    features: {
      disableLocalAuth: true
    }
  }
}

// The destination azure-monitor needs no key of the workspace. A diagnostic setting sends the logs there.
resource containerEnvironment 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: 'cae-${nameSuffix}'
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

// The only version that is not a preview, 2016-09-01, has no groups of categories.
#disable-next-line use-recent-api-versions
resource containerLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: containerEnvironment
  properties: {
    workspaceId: logs.id
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

// Basic is the smallest that builds images from source. It has no private access: only identities with a role may use it.
resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: 'cr${nameSuffix}'
  location: location
  tags: tags
  sku: {
    name: 'Basic'
  }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
  }
}

resource appMayPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identity.id, registryPullRole)
  scope: registry
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', registryPullRole)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

// A new Azure OpenAI account, if the app has no other model. Its keys are disabled: callers need a role.
resource account 'Microsoft.CognitiveServices/accounts@2025-12-01' = if (!empty(azureOpenAiModel)) {
  name: 'oai-${nameSuffix}'
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: {
    name: 'S0'
  }
  properties: {
    customSubDomainName: 'oai-${nameSuffix}' // required for tokens of Entra ID
    disableLocalAuth: true
    publicNetworkAccess: 'Enabled'
  }

  resource model 'deployments' = {
    name: 'model'
    sku: {
      name: 'GlobalStandard'
      capacity: 50 // thousand tokens a minute
    }
    properties: {
      model: {
        format: 'OpenAI'
        name: azureOpenAiModel
        version: empty(azureOpenAiModelVersion) ? null : azureOpenAiModelVersion
      }
    }
  }
}

module modelAccess 'model_access.bicep' = if (!empty(azureOpenAiModel)) {
  name: 'model-access'
  params: {
    accountName: 'oai-${nameSuffix}'
    appPrincipalId: identity.properties.principalId
  }
  dependsOn: [
    account
  ]
}

output appPrincipalId string = identity.properties.principalId
output registryServer string = registry.properties.loginServer
output azureOpenAiEndpoint string = empty(azureOpenAiModel) ? '' : modelAccess!.outputs.azureOpenAiEndpoint
