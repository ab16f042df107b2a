// A new session pool, and two more: one in another subscription, one in another resource group of it.
using '../main.bicep'

param environmentName = 'demo'
param location = 'westeurope'
param principalId = '11111111-1111-1111-1111-111111111111'
param signingKey = 'not-a-real-key-not-a-real-key-not-a-real-key'

param additionalPoolIds = '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-east/providers/Microsoft.App/sessionPools/east, /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-west/providers/Microsoft.App/sessionPools/west'
