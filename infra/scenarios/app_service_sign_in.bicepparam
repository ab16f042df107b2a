// Callers sign in with Entra ID, and App Service validates their tokens too.
using '../main.bicep'

param environmentName = 'demo'
param location = 'westeurope'
param principalId = '11111111-1111-1111-1111-111111111111'
param signingKey = 'not-a-real-key-not-a-real-key-not-a-real-key'

param entraClientId = '33333333-3333-3333-3333-333333333333'
param entraAllowedCallers = '44444444-4444-4444-4444-444444444444'
param platformSignInEnabled = true
