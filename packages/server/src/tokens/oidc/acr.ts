/** Sign-in strengths, weakest first: each is enough where a weaker one is asked for (see authentication). */
export const acrValues = ['urn:gatehouse:acr:1', 'urn:gatehouse:acr:2', 'phr'] as const
