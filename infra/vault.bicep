// A key vault for the signing keys. The app settings refer to its secrets.
param location string
param tags object
param nameSuffix string
param appPrincipalId string

@secure()
param signingKey string

@secure()
param signingKeyPrevious string
param hasSigningKeyPrevious bool

var secretsUserRole = '4633458b-17de-408a-b874-0445c86b69e6' // "Key Vault Secrets User": read secrets

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: 'kv-${nameSuffix}'
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
    softDeleteRetentionInDays: 7 // the minimum; `azd down --purge` does not wait for it
  }
}

resource key 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = {
  parent: vault
  name: 'signing-key'
  properties: {
    value: signingKey
  }
}

resource previousKey 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = if (hasSigningKeyPrevious) {
  parent: vault
  name: 'signing-key-previous'
  properties: {
    value: signingKeyPrevious
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
