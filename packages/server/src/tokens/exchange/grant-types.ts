export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const assertionGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
