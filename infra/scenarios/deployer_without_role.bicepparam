// The deployer does not get the role on the session pool.
using '../main.bicep'

param environmentName = 'demo'
param location = 'westeurope'
param principalId = '11111111-1111-1111-1111-111111111111'
param signingKey = 'not-a-real-key-not-a-real-key-not-a-real-key'

param deployerMayExecute = false
