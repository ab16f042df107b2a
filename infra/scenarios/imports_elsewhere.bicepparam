// Files can be imported from two more containers: on one of another subscription the app gets its role, on the other it
// has one. Exports and workspaces are deleted after a time.
using '../main.bicep'

param environmentName = 'demo'
param location = 'westeurope'
param principalId = '11111111-1111-1111-1111-111111111111'
param signingKey = 'not-a-real-key-not-a-real-key-not-a-real-key'

param importContainers = '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/contosodata/blobServices/default/containers/sales-data, https://fabrikam.blob.core.windows.net/prices'
param linkMaxHours = 25
param keepWorkspacesDays = 30
param keepExportsDays = 7
