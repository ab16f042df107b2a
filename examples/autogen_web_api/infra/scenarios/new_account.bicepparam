// A new Azure OpenAI account with a model, and the longest environment name.
using '../main.bicep'

param environmentName = 'an-environment-with-the-longest-name-that-azd-accepts-64-letters'
param location = 'westeurope'

param azureOpenAiModel = 'gpt-5-mini'
param azureOpenAiModelVersion = '2025-08-07'
