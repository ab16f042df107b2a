// Storage for files beyond the session: links, exports and workspaces, and files to import. An account of its own: that
// of the app holds the app package and the host's keys, and no link may lead there.
param location string
param tags object
@minLength(3)
param nameSuffix string
param appPrincipalId string
param uploaderId string
param logsId string
param networkIsolated bool
param linkMaxHours int
param keepWorkspacesDays int
param keepExportsDays int

// Built-in roles have the same ID in every tenant.
var blobDataContributorRole = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var blobDataReaderRole = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var blobDelegatorRole = 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'

// The names of blobs begin with these folders, as the connector chooses them. A file behind a link is never changed, and
// must exist for as long as its link: hours rounded up to days, and one more. 0 days: files are kept.
var clearing = [
  {
    folder: 'shared'
    days: (linkMaxHours + 23) / 24 + 1
    age: 'daysAfterCreationGreaterThan'
  }
  {
    folder: 'workspaces'
    days: keepWorkspacesDays
    age: 'daysAfterModificationGreaterThan'
  }
  {
    folder: 'exports'
    days: keepExportsDays
    age: 'daysAfterModificationGreaterThan'
  }
]

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'stfiles${nameSuffix}'
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
    // People open links from anywhere, by signed URLs of this account, unless the network is isolated.
    publicNetworkAccess: networkIsolated ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices' // a firewall may otherwise stop the lifecycle rules
      defaultAction: networkIsolated ? 'Deny' : 'Allow'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      // Off: what a caller, a lifecycle rule or an operator deletes, to end a link for example, must be gone.
      deleteRetentionPolicy: {
        enabled: false
      }
      containerDeleteRetentionPolicy: {
        enabled: false
      }
      isVersioningEnabled: false
    }

    // What the connector writes.
    resource files 'containers' = {
      name: 'files'
      properties: {
        publicAccess: 'None'
      }
    }

    // What others put there for the connector to import. It cannot write there, and nothing is deleted.
    resource imports 'containers' = {
      name: 'imports'
      properties: {
        publicAccess: 'None'
      }
    }
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: map(filter(clearing, each => each.days > 0), each => {
          name: each.folder
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                'files/${each.folder}/'
              ]
            }
            actions: {
              baseBlob: {
                delete: {
                  '${each.age}': each.days
                }
              }
            }
          }
        })
      }
    }
    dependsOn: [
      blobs::files
    ]
  }
}

resource appMayUseFiles 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage::blobs::files.id, appPrincipalId, blobDataContributorRole)
  scope: storage::blobs::files
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributorRole)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// To sign URLs. The role on the container permits that too, but counts for it on the account alone.
resource appMaySignUrls 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, appPrincipalId, blobDelegatorRole)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDelegatorRole)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource appMayReadImports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage::blobs::imports.id, appPrincipalId, blobDataReaderRole)
  scope: storage::blobs::imports
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReaderRole)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// No principalType: the deployer may be a user or a service principal.
resource deployerMayUpload 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(uploaderId)) {
  name: guid(storage::blobs::imports.id, uploaderId, blobDataContributorRole)
  scope: storage::blobs::imports
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributorRole)
    principalId: uploaderId
  }
}

// Who read, wrote or deleted which file. Signatures of URLs do not appear in these logs. The only version that is not a
// preview, 2016-09-01, has another shape.
#disable-next-line use-recent-api-versions
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: storage::blobs
  properties: {
    workspaceId: logsId
    logs: [
      {
        category: 'StorageRead'
        enabled: true
      }
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

output storageId string = storage.id
output storageName string = storage.name
output filesContainerUrl string = '${storage.properties.primaryEndpoints.blob}${storage::blobs::files.name}'
output importsContainerUrl string = '${storage.properties.primaryEndpoints.blob}${storage::blobs::imports.name}'
