// All options together, each with a value other than its default, and the longest environment name.
using '../main.bicep'

param environmentName = 'an-environment-with-the-longest-name-that-azd-accepts-64-letters'
param location = 'westeurope'
param principalId = '11111111-1111-1111-1111-111111111111'
param signingKey = 'not-a-real-key-not-a-real-key-not-a-real-key'

param deployerMayExecute = false
param additionalPoolIds = '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-other/providers/Microsoft.App/sessionPools/other'
param sessionEgressEnabled = true
param sessionCooldownSeconds = 600
param maxConcurrentSessions = 100
param callsPerInstance = 8
param instanceMemoryMB = 4096
param maximumInstanceCount = 100
param alwaysReadyInstances = 2
param deployerMayUpload = false
param importContainers = 'https://elsewhere.blob.core.windows.net/data'
param fileUrlHosts = 'contoso.sharepoint.com,*.contoso.com'
param linkMaxHours = 720
param keepWorkspacesDays = 365
param keepExportsDays = 30
param poolApiVersion = '2025-02-02-preview'
param callerWaitSeconds = '60'
param publicBaseUrl = 'https://connector.contoso.com'
param richResults = 'false'
param playground = 'off'
param signingKeyPrevious = 'the-previous-key-the-previous-key-the-previous'
param keyVaultEnabled = true
param vaultName = 'kv-with-the-longest-name'
param entraClientId = '33333333-3333-3333-3333-333333333333'
param entraAllowedCallers = '44444444-4444-4444-4444-444444444444'
param entraPlaygroundClientId = '55555555-5555-5555-5555-555555555555'
param platformSignInEnabled = true
param networkIsolated = true
param networkAddressPrefix = '10.8.0.0/23'
param alertEmail = 'operations@contoso.com'
