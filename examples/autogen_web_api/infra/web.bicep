// The container app. azd deploys it after it has built the image, so no version of the app runs another image first.
param location string

@description('Name of the azd environment.')
param environmentName string

@minLength(3)
@description('The names of the resources that main.bicep deployed end with it.')
param nameSuffix string

@description('The image that azd built.')
param image string

// The connector

@description('URL of the connector, without /api.')
param connectorUrl string

@description('Name of the connector\'s function app.')
param connectorName string

@description('Resource group of the connector\'s function app.')
param connectorResourceGroup string

@description('Audience of the connector, if its callers sign in with Entra ID. Empty: the function key.')
param connectorAudience string = ''

// The model

@secure()
@description('Key of OpenAI or a compatible endpoint.')
param openAiApiKey string = ''

@description('Model of OpenAI or a compatible endpoint.')
param openAiModel string = ''

@description('Compatible endpoint. Empty: OpenAI.')
param openAiBaseUrl string = ''

@description('Endpoint of the Azure OpenAI account. Empty: OpenAI or a compatible endpoint.')
param azureOpenAiEndpoint string = ''

@description('Name of the model\'s deployment in the Azure OpenAI account.')
param azureOpenAiDeployment string = ''

@description('Version of Azure OpenAI\'s API. Empty: the app\'s default.')
param azureOpenAiApiVersion string = ''

// Who may call

@description('Comma-separated address ranges, such as 203.0.113.7/32, which may call the web API.')
param allowedAddresses string = ''

@description('Client ID of an existing app registration: people of the tenant sign in with Entra ID.')
param signInClientId string = ''

var ranges = filter(map(split(allowedAddresses, ','), range => trim(range)), range => !empty(range))
var signIn = !empty(signInClientId)

// Without a rule for who may call, the web API is reachable only inside its Container Apps environment: each call costs
// model tokens and runs code.
var external = signIn || !empty(ranges)

var usesConnectorKey = empty(connectorAudience)
var usesAzureOpenAi = !empty(azureOpenAiEndpoint)

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: 'id-${nameSuffix}'
}

resource containerEnvironment 'Microsoft.App/managedEnvironments@2025-07-01' existing = {
  name: 'cae-${nameSuffix}'
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = {
  name: 'cr${nameSuffix}'
}

resource connector 'Microsoft.Web/sites@2025-03-01' existing = {
  name: connectorName
  scope: resourceGroup(connectorResourceGroup)
}

// Azure reads the function key from the connector's app. It is on no machine and in no file.
var connectorKey = {
  name: 'connector-key'
  value: listKeys('${connector.id}/host/default', '2025-03-01').functionKeys.default
}

var modelKey = {
  name: 'openai-api-key'
  value: openAiApiKey
}

var health = {
  path: '/health'
  port: 8000
}

resource web 'Microsoft.App/containerApps@2025-07-01' = {
  name: 'web-${nameSuffix}'
  location: location
  tags: { 'azd-env-name': environmentName, 'azd-service-name': 'web' } // azd finds the app of the service by its tag
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: containerEnvironment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: external
        targetPort: 8000
        transport: 'http'
        allowInsecure: false
        ipSecurityRestrictions: map(range(0, length(ranges)), index => {
          name: 'allowed-${index}'
          action: 'Allow'
          ipAddressRange: ranges[index]
        })
      }
      registries: [
        {
          server: registry.properties.loginServer
          identity: identity.id
        }
      ]
      secrets: usesConnectorKey
        ? (usesAzureOpenAi ? [connectorKey] : [connectorKey, modelKey])
        : (usesAzureOpenAi ? [] : [modelKey])
    }
    template: {
      terminationGracePeriodSeconds: 30 // the app ends its sessions within ten seconds
      containers: [
        {
          name: 'web'
          image: image
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          env: [
            { name: 'CONNECTOR_URL', value: '${connectorUrl}/api' }
            usesConnectorKey
              ? { name: 'CONNECTOR_KEY', secretRef: connectorKey.name }
              : { name: 'CONNECTOR_AUDIENCE', value: connectorAudience }
            { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
            // One of two models. An empty value is the app's default.
            usesAzureOpenAi
              ? { name: 'AZURE_OPENAI_ENDPOINT', value: azureOpenAiEndpoint }
              : { name: 'OPENAI_API_KEY', secretRef: modelKey.name }
            usesAzureOpenAi
              ? { name: 'AZURE_OPENAI_DEPLOYMENT', value: azureOpenAiDeployment }
              : { name: 'OPENAI_MODEL', value: openAiModel }
            usesAzureOpenAi
              ? { name: 'AZURE_OPENAI_API_VERSION', value: azureOpenAiApiVersion }
              : { name: 'OPENAI_BASE_URL', value: openAiBaseUrl }
          ]
          probes: [
            {
              type: 'Startup'
              httpGet: health
              periodSeconds: 2
              failureThreshold: 30
            }
            {
              type: 'Readiness'
              httpGet: health
            }
            {
              type: 'Liveness'
              httpGet: health
              periodSeconds: 30
            }
          ]
        }
      ]
      // Conversations are in the memory of one replica, and a second one would not know them; sticky sessions would need
      // cookies, which programs do not keep. The replica ends when the app would forget an idle conversation anyway.
      scale: {
        minReplicas: 0
        maxReplicas: 1
        cooldownPeriod: 1800
      }
    }
  }
}

// Deployed also when it is off: a deployment deletes nothing, so omitting it would leave it on.
resource webSignIn 'Microsoft.App/containerApps/authConfigs@2025-07-01' = {
  parent: web
  name: 'current'
  properties: {
    platform: {
      enabled: signIn
    }
    globalValidation: {
      unauthenticatedClientAction: signIn ? 'RedirectToLoginPage' : 'AllowAnonymous'
      redirectToProvider: 'azureactivedirectory'
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: !signIn
      ? {}
      : {
          azureActiveDirectory: {
            enabled: true
            registration: {
              clientId: signInClientId
              openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
            }
            validation: {
              allowedAudiences: [
                signInClientId
                'api://${signInClientId}'
              ]
            }
          }
        }
  }
}

output WEB_URL string = 'https://${web.properties.configuration.ingress.fqdn}'
