// Email alerts for what callers cannot fix: too few sessions, a missing role, server errors. Each rule looks at the
// last 15 minutes.
param location string
param tags object
param nameSuffix string
param insightsId string
param email string

// The host logs every call as a request whose result code is the HTTP status. The connector logs one record per call,
// as the JSON of a trace, with the error code (docs/operations.md). The code is more precise than the status: any member
// of the tenant can cause a 403, and a busy session a 429. host.json excludes requests and traces from sampling.
var rules = [
  {
    name: 'throttled'
    description: 'Calls were refused: all sessions of the pool are in use (TooManySessions; raise maxConcurrentSessions), or instances are full (ConnectorBusy; raise their maximum number).'
    query: 'traces | where message startswith \'{"record":"request"\' | where tostring(parse_json(message).code) in ("TooManySessions", "ConnectorBusy")'
    threshold: 10
    severity: 2
  }
  {
    name: 'role-missing'
    description: 'Calls failed because the app does not hold its role on the session pool (SessionExecutorRoleMissing) or on a storage container (StorageAccessDenied).'
    query: 'traces | where message startswith \'{"record":"request"\' | where tostring(parse_json(message).code) in ("SessionExecutorRoleMissing", "StorageAccessDenied")'
    threshold: 0
    severity: 1
  }
  {
    name: 'failures'
    description: 'Calls failed with a 5xx status. Find each call in the logs by its x-ms-request-id.'
    query: 'requests | where toint(resultCode) >= 500'
    threshold: 5
    severity: 1
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${nameSuffix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'connector'
    enabled: true
    emailReceivers: [
      {
        name: 'email'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: 'alert-${rule.name}-${nameSuffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Code interpreter connector: ${rule.name}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [
        insightsId
      ]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: [
          actionGroup.id
        ]
      }
    }
  }
]
