// A virtual network for the function app. Its storage accounts are reachable only from this network.
param location string
param tags object
param nameSuffix string
param addressPrefix string
@description('By the middle part of the names of their endpoints.')
param storageIds object

var blobZone = 'privatelink.blob.${environment().suffixes.storage}'

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet-${nameSuffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        name: 'function'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 0)
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 27, 8) // the first range after the function's subnet
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

resource blobEndpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for storage in items(storageIds): {
    name: 'pe-${storage.key}-${nameSuffix}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'endpoints')
      }
      privateLinkServiceConnections: [
        {
          name: 'blob'
          properties: {
            privateLinkServiceId: storage.value
            groupIds: [
              'blob'
            ]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (storage, index) in items(storageIds): {
    parent: blobEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: 'blob'
          properties: {
            privateDnsZoneId: zone.id
          }
        }
      ]
    }
  }
]

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: blobZone
  location: 'global'
  tags: tags

  resource link 'virtualNetworkLinks' = {
    name: 'vnet-${nameSuffix}'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      // Accounts of others may have private endpoints too, which this zone does not know: use their public addresses.
      resolutionPolicy: 'NxDomainRedirect'
      virtualNetwork: {
        id: network.id
      }
    }
  }
}

output functionSubnetId string = resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'function')
