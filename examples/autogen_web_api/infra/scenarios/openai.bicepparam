// OpenAI, or a compatible endpoint: no account, and no role.
using '../main.bicep'

param environmentName = 'demo-autogen'
param location = 'westeurope'
