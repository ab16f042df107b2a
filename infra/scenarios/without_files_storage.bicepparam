// No storage for files: links end with their sessions, and there are no exports and workspaces.
using '../main.bicep'

param environmentName = 'demo'
param location = 'westeurope'
param principalId = '11111111-1111-1111-1111-111111111111'
param signingKey = 'not-a-real-key-not-a-real-key-not-a-real-key'

param filesStorageEnabled = false
