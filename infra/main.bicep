// Deploys the connector: a resource group and the resources in it. docs/deploy.md explains the parameters.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment. All resource names are derived from it.')
param environmentName string

@minLength(1)
@metadata({ azd: { type: 'location' } })
@description('Region of all resources. It must offer session pools and the Flex Consumption plan.')
param location string

@description('Object ID of the deployer, which azd passes.')
param principalId string = ''

@description('Whether the deployer may run code in the pool too, for example to run the connector locally.')
param deployerMayExecute bool = true

// The session pool

@description('Resource ID of an existing session pool, in any resource group. Empty: create a new pool.')
param existingPoolId string = ''

@description('Comma-separated resource IDs of more session pools, in any region and resource group, for new sessions too.')
param additionalPoolIds string = ''

@description('Whether code in the sessions of the new pool can reach the network.')
param sessionEgressEnabled bool = false

@minValue(300)
@maxValue(3600)
@description('Seconds without a call after which a session of the new pool ends.')
param sessionCooldownSeconds int = 300

@minValue(1)
@description('Maximum number of concurrent sessions of the new pool.')
param maxConcurrentSessions int = 20

// The function app

@minValue(1)
@maxValue(1000)
@description('Concurrent calls per instance. The plan scales by it, and the worker has four times as many threads.')
param callsPerInstance int = 64

@allowed([512, 2048, 4096])
@description('Memory per instance. Half of it is for large bodies, of which about five copies are held in memory.')
param instanceMemoryMB int = 2048

@minValue(40)
@maxValue(1000)
@description('Maximum number of instances.')
param maximumInstanceCount int = 40

@minValue(0)
@description('Instances that are always running, so that no call waits for a cold start. They also cost when idle.')
param alwaysReadyInstances int = 0

// Files beyond the session

@description('Whether to create a storage account for links to files, exports, workspaces and files to import.')
param filesStorageEnabled bool = true

@description('Whether the deployer may put files into the container `imports` of that account.')
param deployerMayUpload bool = true

@description('More containers to import from, comma-separated: resource IDs, or URLs if the app holds the role already.')
param importContainers string = ''

@description('FILE_URL_HOSTS: hosts that files may be imported from by URL, comma-separated. Empty: none.')
param fileUrlHosts string = ''

@minValue(1)
@maxValue(8760)
@description('LINK_MAX_HOURS: how long a link may work. The files behind links are deleted a day or two later.')
param linkMaxHours int = 168

@minValue(0)
@description('Days without a change after which a workspace is deleted. 0: workspaces are kept.')
param keepWorkspacesDays int = 90

@minValue(0)
@description('Days without a change after which an exported file is deleted. 0: exported files are kept.')
param keepExportsDays int = 0

// Settings of the connector. Empty: the connector's own default.

@description('POOL_API_VERSION: version of the session pool\'s data-plane API.')
param poolApiVersion string = ''

@description('CALLER_WAIT_SECONDS: how long a call waits for an execution unless it sets waitInSeconds.')
param callerWaitSeconds string = ''

@description('PUBLIC_BASE_URL: URL by which callers reach the app, if it is not the app\'s own.')
param publicBaseUrl string = ''

@description('RICH_RESULTS: true or false.')
param richResults string = ''

@description('PLAYGROUND: on or off.')
param playground string = ''

@description('MCP_ALLOWED_ORIGINS: comma-separated origins of web pages that may call the MCP server.')
param mcpAllowedOrigins string = ''

@secure()
@minLength(32)
@metadata({ azd: { type: 'generate', config: { length: 48, noSpecial: true } } })
@description('SIGNING_KEY. azd generates it at the first deployment and stores it outside the project for later ones.')
param signingKey string

@secure()
@description('SIGNING_KEY_PREVIOUS: the previous key. Tokens signed with it remain valid.')
param signingKeyPrevious string = ''

@description('Whether the signing keys are stored in a key vault that the app settings refer to.')
param keyVaultEnabled bool = false

@maxLength(24)
@description('Name of the key vault, for example while the vault of an earlier deployment is deleted, but not purged. Empty: derived.')
param vaultName string = ''

// Who may call

@description('Client ID of an existing app registration: callers sign in with Entra ID. Empty: function keys.')
param entraClientId string = ''

@description('With Entra ID, who may call: comma-separated object IDs, application IDs, app roles or groups.')
param entraAllowedCallers string = ''

@description('With Entra ID, the client ID of an existing app registration with which people sign in on the Playground.')
param entraPlaygroundClientId string = ''

@description('With Entra ID, whether App Service validates tokens too. The connector always does.')
param platformSignInEnabled bool = false

// Network and alerts

@description('Whether the app runs in a virtual network and its storage is reachable only from there.')
param networkIsolated bool = false

@description('Address range of the virtual network, at least 512 addresses.')
param networkAddressPrefix string = '10.7.0.0/23'

@description('Email address for alerts: calls are throttled, the role is missing, or calls fail. Empty: no alerts.')
param alertEmail string = ''

var tags = { 'azd-env-name': environmentName }

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
    nameSuffix: toLower(uniqueString(subscription().id, environmentName, location))
    deployerId: deployerMayExecute ? principalId : ''
    existingPoolId: existingPoolId
    additionalPoolIds: additionalPoolIds
    sessionEgressEnabled: sessionEgressEnabled
    sessionCooldownSeconds: sessionCooldownSeconds
    maxConcurrentSessions: maxConcurrentSessions
    callsPerInstance: callsPerInstance
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    filesStorageEnabled: filesStorageEnabled
    uploaderId: deployerMayUpload ? principalId : ''
    importContainers: importContainers
    fileUrlHosts: fileUrlHosts
    linkMaxHours: linkMaxHours
    keepWorkspacesDays: keepWorkspacesDays
    keepExportsDays: keepExportsDays
    poolApiVersion: poolApiVersion
    callerWaitSeconds: callerWaitSeconds
    publicBaseUrl: publicBaseUrl
    richResults: richResults
    playground: playground
    mcpAllowedOrigins: mcpAllowedOrigins
    signingKey: signingKey
    signingKeyPrevious: signingKeyPrevious
    keyVaultEnabled: keyVaultEnabled
    vaultName: vaultName
    entraClientId: entraClientId
    entraAllowedCallers: entraAllowedCallers
    entraPlaygroundClientId: entraPlaygroundClientId
    platformSignInEnabled: platformSignInEnabled
    networkIsolated: networkIsolated
    networkAddressPrefix: networkAddressPrefix
    alertEmail: alertEmail
  }
}

// azd stores the outputs as environment variables, which `make connector-package` and `make connection` read. No output
// has the name of a variable that users set: `azd down` removes all outputs, and the user's value would be lost.
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_NAME string = resources.outputs.functionName
output CONNECTOR_URL string = resources.outputs.functionUrl
output CONNECTOR_AUTH string = resources.outputs.connectorAuth
output POOL_MANAGEMENT_ENDPOINT string = resources.outputs.poolManagementEndpoint
output APP_PRINCIPAL_ID string = resources.outputs.appPrincipalId
output FILES_STORAGE_ACCOUNT string = resources.outputs.filesStorageName
