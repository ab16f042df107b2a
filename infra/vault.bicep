// A key vault for the signing keys. The app settings refer to its secrets.
param location string
param tags object
param name string
param appPrincipalId string
param logsId string

@secure()
param signingKey string

@secure()
param signingKeyPrevious string
param hasSigningKeyPrevious bool

var secretsUserRole = '4633458b-17de-408a-b874-0445c86b69e6' // "Key Vault Secrets User": read secrets

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Nobody can purge the vault or a secret before the retention ends, so the name of a deleted vault stays reserved for
    // as long. 7 days is the minimum.
    enablePurgeProtection: true
    softDeleteRetentionInDays: 7
  }
}

// No expiry date: a key that expired would end the polls and uploads in progress. docs/deploy.md describes how to change it.
resource key 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = {
  parent: vault
  name: 'signing-key'
  properties: {
    value: signingKey
    contentType: 'text/plain'
  }
}

resource previousKey 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = if (hasSigningKeyPrevious) {
  parent: vault
  name: 'signing-key-previous'
  properties: {
    value: signingKeyPrevious
    contentType: 'text/plain'
  }
}

// Who read or changed a secret. The only version that is not a preview, 2016-09-01, has no groups of categories.
#disable-next-line use-recent-api-versions
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: logsId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

resource appMayReadSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, secretsUserRole)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUserRole)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// With the version of each secret: App Service caches a reference without one for up to a day.
output signingKeyUri string = key.properties.secretUriWithVersion
output signingKeyPreviousUri string = hasSigningKeyPrevious ? previousKey!.properties.secretUriWithVersion : ''
