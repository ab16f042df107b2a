// Access to further session pools, each in any resource group. A module, because only outputs can be loops over what is
// known when the pools have been read.
param nameSuffix string
param poolIds array
param appPrincipalId string
param deployerId string

// '', 'subscriptions', subscription, 'resourceGroups', group, 'providers', 'Microsoft.App', 'sessionPools', name
module access 'pool_access.bicep' = [
  for poolId in poolIds: {
    name: 'pool-access-${nameSuffix}-${uniqueString(poolId)}'
    scope: resourceGroup(split(poolId, '/')[2], split(poolId, '/')[4])
    params: {
      poolName: split(poolId, '/')[8]
      appPrincipalId: appPrincipalId
      deployerId: deployerId
    }
  }
]

output endpoints array = [for (poolId, index) in poolIds: access[index].outputs.poolManagementEndpoint]
