// The contents of the resource group, in order of dependency: identity, pool, storage, logs, files, function app.
param location string
param tags object
@minLength(3)
param nameSuffix string
param deployerId string
param existingPoolId string
param additionalPoolIds string
param sessionEgressEnabled bool
param sessionCooldownSeconds int
param maxConcurrentSessions int
param callsPerInstance int
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyInstances int
param filesStorageEnabled bool
param uploaderId string
param importContainers string
param fileUrlHosts string
param linkMaxHours int
param keepWorkspacesDays int
param keepExportsDays int
param poolApiVersion string
param callerWaitSeconds string
param publicBaseUrl string
param richResults string
param playground string
param mcpAllowedOrigins string

@secure()
param signingKey string

@secure()
param signingKeyPrevious string
param keyVaultEnabled bool
param vaultName string
param entraClientId string
param entraAllowedCallers string
param entraPlaygroundClientId string
param platformSignInEnabled bool
param networkIsolated bool
param networkAddressPrefix string
param alertEmail string

// Built-in roles have the same ID in every tenant.
var blobDataOwnerRole = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var metricsPublisherRole = '3913510d-42f4-4e42-8a64-420c390055eb'

var packageContainerName = 'app-package'
var hasSigningKeyPrevious = !empty(signingKeyPrevious)
var connectorAuth = empty(entraClientId) ? 'key' : 'entra'
var platformSignIn = platformSignInEnabled && !empty(entraClientId)

// The app's identity. It holds all of the app's roles; no key or password is used between the resources.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${nameSuffix}'
  location: location
  tags: tags
}

// A new session pool, unless an existing one is given.
resource pool 'Microsoft.App/sessionPools@2025-07-01' = if (empty(existingPoolId)) {
  name: 'pool${nameSuffix}' // no hyphen: the published pattern for names does not allow it
  location: location
  tags: tags
  properties: {
    poolManagementType: 'Dynamic'
    containerType: 'PythonLTS'
    scaleConfiguration: {
      maxConcurrentSessions: maxConcurrentSessions
    }
    dynamicPoolConfiguration: {
      lifecycleConfiguration: {
        lifecycleType: 'Timed'
        cooldownPeriodInSeconds: sessionCooldownSeconds
      }
    }
    sessionNetworkConfiguration: {
      status: sessionEgressEnabled ? 'EgressEnabled' : 'EgressDisabled'
    }
  }
}

// '', 'subscriptions', subscription, 'resourceGroups', group, 'providers', 'Microsoft.App', 'sessionPools', name
var existingPool = split(existingPoolId, '/')

// A module, because an existing pool may be in another resource group, where only a module can create role assignments.
module poolAccess 'pool_access.bicep' = {
  name: 'pool-access-${nameSuffix}'
  scope: resourceGroup(
    empty(existingPoolId) ? subscription().subscriptionId : existingPool[2],
    empty(existingPoolId) ? resourceGroup().name : existingPool[4]
  )
  params: {
    poolName: empty(existingPoolId) ? 'pool${nameSuffix}' : existingPool[8]
    appPrincipalId: identity.properties.principalId
    deployerId: deployerId
  }
  dependsOn: [
    pool
  ]
}

module additionalPools 'additional_pools.bicep' = {
  name: 'additional-pools'
  params: {
    nameSuffix: nameSuffix
    poolIds: filter(map(split(additionalPoolIds, ','), poolId => trim(poolId)), poolId => !empty(poolId))
    appPrincipalId: identity.properties.principalId
    deployerId: deployerId
  }
}

var poolManagementEndpoints = join(
  concat([poolAccess.outputs.poolManagementEndpoint], additionalPools.outputs.endpoints),
  ','
)

module network 'network.bicep' = if (networkIsolated) {
  name: 'network'
  params: {
    location: location
    tags: tags
    nameSuffix: nameSuffix
    addressPrefix: networkAddressPrefix
    storageIds: union({ blob: storage.id }, filesStorageEnabled ? { files: files!.outputs.storageId } : {})
  }
}

// The storage account holds the app package and the host's keys. Shared key access is disabled.
resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'st${nameSuffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: networkIsolated ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: networkIsolated ? 'Deny' : 'Allow'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      // A package that was overwritten or deleted can be restored.
      deleteRetentionPolicy: {
        enabled: true
        days: 7
      }
      containerDeleteRetentionPolicy: {
        enabled: true
        days: 7
      }
    }

    resource packages 'containers' = {
      name: packageContainerName
      properties: {
        publicAccess: 'None'
      }
    }
  }
}

resource appMayUseStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identity.id, blobDataOwnerRole)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwnerRole)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

// Logs
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

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${nameSuffix}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
    DisableLocalAuth: true
  }
}

resource appMayPublishMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, metricsPublisherRole)
  scope: insights
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisherRole)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

// Files beyond the session
module files 'files.bicep' = if (filesStorageEnabled) {
  name: 'files'
  params: {
    location: location
    tags: tags
    nameSuffix: nameSuffix
    appPrincipalId: identity.properties.principalId
    uploaderId: uploaderId
    logsId: logs.id
    networkIsolated: networkIsolated
    linkMaxHours: linkMaxHours
    keepWorkspacesDays: keepWorkspacesDays
    keepExportsDays: keepExportsDays
  }
}

var otherImports = filter(
  map(split(importContainers, ','), container => trim(container)),
  container => !empty(container)
)

// On those that are given by resource ID, the app gets its role here.
module importContainersElsewhere 'import_containers.bicep' = {
  name: 'import-containers'
  params: {
    nameSuffix: nameSuffix
    containerIds: filter(otherImports, container => startsWith(container, '/'))
    appPrincipalId: identity.properties.principalId
  }
}

var importContainerUrls = concat(
  filesStorageEnabled ? [files!.outputs.importsContainerUrl] : [],
  importContainersElsewhere.outputs.urls,
  filter(otherImports, container => !startsWith(container, '/'))
)

module alerts 'alerts.bicep' = if (!empty(alertEmail)) {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    nameSuffix: nameSuffix
    insightsId: insights.id
    email: alertEmail
  }
}

module vault 'vault.bicep' = if (keyVaultEnabled) {
  name: 'vault'
  params: {
    location: location
    tags: tags
    name: empty(vaultName) ? 'kv-${nameSuffix}' : vaultName
    appPrincipalId: identity.properties.principalId
    logsId: logs.id
    signingKey: signingKey
    signingKeyPrevious: signingKeyPrevious
    hasSigningKeyPrevious: hasSigningKeyPrevious
  }
}

var keyInVault = keyVaultEnabled ? '@Microsoft.KeyVault(SecretUri=${vault!.outputs.signingKeyUri})' : ''
var keyPreviousInVault = keyVaultEnabled ? '@Microsoft.KeyVault(SecretUri=${vault!.outputs.signingKeyPreviousUri})' : ''

// The function app
resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-${nameSuffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource function 'Microsoft.Web/sites@2025-03-01' = {
  name: 'func-${nameSuffix}'
  location: location
  tags: union(tags, { 'azd-service-name': 'connector' }) // azd deploys the code to the app with this tag
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: networkIsolated ? network!.outputs.functionSubnetId : null
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
    }
    functionAppConfig: {
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances == 0
          ? []
          : [
              {
                name: 'http'
                instanceCount: alwaysReadyInstances
              }
            ]
        triggers: {
          http: {
            // A quarter of PYTHON_THREADPOOL_THREAD_COUNT below: runs may take three quarters of the threads, so an
            // instance refuses none of these calls, and threads remain if the plan sends it more.
            perInstanceConcurrency: callsPerInstance
          }
        }
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
    }
  }
  dependsOn: [
    appMayUseStorage // otherwise the app could not read its package on first start
  ]
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: function
  name: 'appsettings'
  properties: union(
    {
      // Read by the Functions host
      AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.properties.clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
      // Read by the connector
      POOL_MANAGEMENT_ENDPOINT: poolManagementEndpoints
      POOL_API_VERSION: poolApiVersion
      AZURE_CLIENT_ID: identity.properties.clientId
      // The connector validates tokens itself, whether or not App Service authentication (authsettingsV2, below) is on.
      CONNECTOR_AUTH: connectorAuth
      ENTRA_TENANT_ID: empty(entraClientId) ? '' : tenant().tenantId
      ENTRA_AUDIENCES: empty(entraClientId) ? '' : '${entraClientId},api://${entraClientId}'
      ENTRA_ALLOWED_CALLERS: entraAllowedCallers
      ENTRA_PLAYGROUND_CLIENT_ID: entraPlaygroundClientId
      AZURE_AUTHORITY_HOST: environment().authentication.loginEndpoint
      SIGNING_KEY: keyVaultEnabled ? keyInVault : signingKey
      SIGNING_KEY_PREVIOUS: keyVaultEnabled && hasSigningKeyPrevious ? keyPreviousInVault : signingKeyPrevious
      CALLER_WAIT_SECONDS: callerWaitSeconds
      PUBLIC_BASE_URL: publicBaseUrl
      RICH_RESULTS: richResults
      PLAYGROUND: playground
      MCP_ALLOWED_ORIGINS: mcpAllowedOrigins
      FILES_CONTAINER_URL: filesStorageEnabled ? files!.outputs.filesContainerUrl : ''
      IMPORT_CONTAINER_URLS: join(importContainerUrls, ',')
      FILE_URL_HOSTS: fileUrlHosts
      LINK_MAX_HOURS: string(linkMaxHours)
      // From outside of an isolated network, the URLs of its storage account cannot be opened.
      LINK_DELIVERY: networkIsolated ? 'stream' : 'redirect'
      PYTHON_THREADPOOL_THREAD_COUNT: string(4 * callsPerInstance)
      MEMORY_FOR_FILES_MB: string(instanceMemoryMB / 2)
    },
    // Read by App Service authentication, which then describes to MCP clients how they sign in, as the connector does.
    !platformSignIn ? {} : { WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES: 'api://${entraClientId}/.default' }
  )
}

// App Service authentication, for policies that require it: it validates tokens before the connector does. It passes on
// requests without a token, because polls and uploads carry a token of their own in the URL; the connector rejects the
// others.
// Deployed also when it is off: a deployment deletes nothing, so omitting it would leave it on.
resource appServiceSignIn 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: function
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: platformSignIn
    }
    httpSettings: {
      requireHttps: true
    }
    globalValidation: {
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
    }
    identityProviders: !platformSignIn
      ? {}
      : {
          azureActiveDirectory: {
            enabled: true
            registration: {
              clientId: entraClientId
              openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
            }
            validation: {
              allowedAudiences: [
                entraClientId
                'api://${entraClientId}'
              ]
            }
          }
        }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
  dependsOn: [
    settings // otherwise the two could overwrite each other: https://github.com/Azure/azure-dev/pull/3125
  ]
}

// Code is deployed with an Entra ID token. The user name and password that App Service generates are disabled.
resource basicAuthForDeployment 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: function
  name: 'scm'
  properties: {
    allow: false
  }
  dependsOn: [
    appServiceSignIn
  ]
}

resource basicAuthForFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: function
  name: 'ftp'
  properties: {
    allow: false
  }
  dependsOn: [
    basicAuthForDeployment
  ]
}

output functionName string = function.name
output functionUrl string = 'https://${function.properties.defaultHostName}'
output connectorAuth string = connectorAuth
output poolManagementEndpoint string = poolManagementEndpoints
output appPrincipalId string = identity.properties.principalId
output filesStorageName string = filesStorageEnabled ? files!.outputs.storageName : ''
