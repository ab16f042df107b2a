// The app runs in a virtual network, and its storage accounts are reachable only from there.
using '../main.bicep'

param environmentName = 'demo'
param location = 'westeurope'
param principalId = '11111111-1111-1111-1111-111111111111'
param signingKey = 'not-a-real-key-not-a-real-key-not-a-real-key'

param networkIsolated = true
