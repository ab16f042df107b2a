// An existing Azure OpenAI account, in another subscription and resource group.
using '../main.bicep'

param environmentName = 'demo-autogen'
param location = 'westeurope'

param azureOpenAiId = '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-models/providers/Microsoft.CognitiveServices/accounts/models'
