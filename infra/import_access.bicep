// The app may read the blobs of a container. Deployed to the resource group of the container's storage account.
param storageName string
param containerName string
param appPrincipalId string

var blobDataReaderRole = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1' // "Storage Blob Data Reader": read and list blobs

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource container 'containers' existing = {
      name: containerName
    }
  }
}

resource appMayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage::blobs::container.id, appPrincipalId, blobDataReaderRole)
  scope: storage::blobs::container
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReaderRole)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

output containerUrl string = '${storage.properties.primaryEndpoints.blob}${containerName}'
