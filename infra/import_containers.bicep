// Containers of other storage accounts to import files from, each in any resource group. A module, as additional_pools.
param nameSuffix string
param containerIds array
param appPrincipalId string

// '', 'subscriptions', subscription, 'resourceGroups', group, 'providers', 'Microsoft.Storage', 'storageAccounts',
// account, 'blobServices', 'default', 'containers', container
module access 'import_access.bicep' = [
  for containerId in containerIds: {
    name: 'import-access-${nameSuffix}-${uniqueString(containerId)}'
    scope: resourceGroup(split(containerId, '/')[2], split(containerId, '/')[4])
    params: {
      storageName: split(containerId, '/')[8]
      containerName: split(containerId, '/')[12]
      appPrincipalId: appPrincipalId
    }
  }
]

output urls array = [for (containerId, index) in containerIds: access[index].outputs.containerUrl]
