// The connector on Azure: a resource group and what is in it. docs/deploy.md says what each parameter is for.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment. The names of all resources derive from it.')
param environmentName string

@minLength(1)
@metadata({ azd: { type: 'location' } })
@description('Region of all resources. It must have session pools and the Flex Consumption plan.')
param location string

@description('Object ID of whoever deploys: azd gives it.')
param principalId string = ''

@description('Whether whoever deploys may run code in the pool too, as trials from a desk need.')
param deployerMayExecute bool = true

// The session pool

@description('Resource ID of a session pool that is there already, also in another resource group. Empty: a new pool.')
param existingPoolId string = ''

@description('Whether code in sessions of the new pool reaches the network.')
param sessionEgressEnabled bool = false

@minValue(300)
@maxValue(3600)
@description('A session of the new pool ends when nobody has used it for so many seconds.')
param sessionCooldownSeconds int = 300

@minValue(1)
@description('Sessions that the new pool may have at a time.')
param maxConcurrentSessions int = 20

// The function app

@minValue(1)
@maxValue(1000)
@description('Calls that one instance takes at a time: the plan scales by it, and the worker has as many threads.')
param callsPerInstance int = 16

@allowed([512, 2048, 4096])
@description('Memory of an instance. A message of 100 MB is held some four times.')
param instanceMemoryMB int = 2048

@minValue(40)
@maxValue(1000)
@description('Instances that the app may have at most.')
param maximumInstanceCount int = 40

@minValue(0)
@description('Instances that are always there, so that no call waits for a cold start. They cost also when idle.')
param alwaysReadyInstances int = 0

// The connector's settings. Empty leaves the default, which the connector knows.

@description('POOL_API_VERSION: version of the pool\'s data plane.')
param poolApiVersion string = ''

@description('CALLER_WAIT_SECONDS: how long a call waits for a run when it does not say so itself.')
param callerWaitSeconds string = ''

@description('PUBLIC_BASE_URL: address under which callers reach the app, when it is not the app\'s own.')
param publicBaseUrl string = ''

@description('RICH_RESULTS: true or false.')
param richResults string = ''

@secure()
@minLength(32)
@metadata({ azd: { type: 'generate', config: { length: 48, noSpecial: true } } })
@description('SIGNING_KEY. azd makes one at the first deployment and keeps it outside the project for the next ones.')
param signingKey string

@secure()
@description('SIGNING_KEY_PREVIOUS: the key before this one; tokens that it signed stay valid.')
param signingKeyPrevious string = ''

@description('Whether the signing keys stand in a key vault, to which the app\'s settings refer.')
param keyVaultEnabled bool = false

// Who may call

@description('Client ID of an app registration, made beforehand: callers sign in with Entra ID. Empty: function keys.')
param entraClientId string = ''

@description('With Entra ID, who may call: object IDs, application IDs, app roles or groups, with commas between them.')
param entraAllowedCallers string = ''

@description('With Entra ID: whether App Service checks tokens too, as some policies ask. The connector checks them in any case.')
param platformSignInEnabled bool = false

// Network and alerts

@description('Whether the app runs in a virtual network and its storage is reached from there alone.')
param networkIsolated bool = false

@description('Addresses of the virtual network: 512 at least.')
param networkAddressPrefix string = '10.7.0.0/23'

@description('Who gets a mail when calls are throttled, the role is lost, or calls fail. Empty: no alerts.')
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
    sessionEgressEnabled: sessionEgressEnabled
    sessionCooldownSeconds: sessionCooldownSeconds
    maxConcurrentSessions: maxConcurrentSessions
    callsPerInstance: callsPerInstance
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    poolApiVersion: poolApiVersion
    callerWaitSeconds: callerWaitSeconds
    publicBaseUrl: publicBaseUrl
    richResults: richResults
    signingKey: signingKey
    signingKeyPrevious: signingKeyPrevious
    keyVaultEnabled: keyVaultEnabled
    entraClientId: entraClientId
    entraAllowedCallers: entraAllowedCallers
    platformSignInEnabled: platformSignInEnabled
    networkIsolated: networkIsolated
    networkAddressPrefix: networkAddressPrefix
    alertEmail: alertEmail
  }
}

// azd keeps these as variables of the environment; `make connector-package` and `make connection` read them there. None
// is named as what a user sets: `azd down` forgets all of them, and the next `azd up` would go without.
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_NAME string = resources.outputs.functionName
output CONNECTOR_URL string = resources.outputs.functionUrl
output CONNECTOR_AUTH string = resources.outputs.connectorAuth
output POOL_MANAGEMENT_ENDPOINT string = resources.outputs.poolManagementEndpoint
