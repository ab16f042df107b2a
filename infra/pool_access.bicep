// Who may run code in the session pool. Deployed to the resource group of the pool.
param poolName string
param appPrincipalId string
param deployerId string

// "Azure ContainerApps Session Executor": run code and access files in sessions, and nothing else.
var sessionExecutorRole = '0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0'

resource pool 'Microsoft.App/sessionPools@2025-07-01' existing = {
  name: poolName
}

resource appMayExecute 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(pool.id, appPrincipalId, sessionExecutorRole)
  scope: pool
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', sessionExecutorRole)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// No principalType: the deployer may be a user or a service principal.
resource deployerMayExecute 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerId)) {
  name: guid(pool.id, deployerId, sessionExecutorRole)
  scope: pool
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', sessionExecutorRole)
    principalId: deployerId
  }
}

output poolManagementEndpoint string = pool.properties.poolManagementEndpoint
