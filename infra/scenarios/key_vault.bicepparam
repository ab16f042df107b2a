// The signing keys are stored in a key vault, after a rotation.
using '../main.bicep'

param environmentName = 'demo'
param location = 'westeurope'
param principalId = '11111111-1111-1111-1111-111111111111'
param signingKey = 'not-a-real-key-not-a-real-key-not-a-real-key'

param keyVaultEnabled = true
param signingKeyPrevious = 'the-previous-key-the-previous-key-the-previous'
