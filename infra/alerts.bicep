// Mails about what callers cannot mend: too few sessions, a lost role, failures. Each looks at the last 15 minutes.
param location string
param tags object
param nameSuffix string
param insightsId string
param email string

// The host logs each call as a request, with the HTTP status as its result code. The connector logs a line for it,
// which becomes a trace and ends with the error's code. A status says less: any member of the tenant can make a 403,
// and a busy session a 429. host.json keeps both from sampling.
var rules = [
  {
    name: 'throttled'
    description: 'Calls found all sessions of the pool in use (TooManySessions). Raise maxConcurrentSessions.'
    query: 'traces | where message endswith ", TooManySessions)"'
    more: 10
    severity: 2
  }
  {
    name: 'role-lost'
    description: 'Calls failed because the app lacks the role on the session pool (SessionExecutorRoleMissing).'
    query: 'traces | where message endswith ", SessionExecutorRoleMissing)"'
    more: 0
    severity: 1
  }
  {
    name: 'failures'
    description: 'Calls were answered with 5xx: the log has each call under its x-ms-request-id.'
    query: 'requests | where toint(resultCode) >= 500'
    more: 5
    severity: 1
  }
]

resource mail 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${nameSuffix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'connector'
    enabled: true
    emailReceivers: [
      {
        name: 'mail'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
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
          threshold: rule.more
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        mail.id
      ]
    }
  }
}]
