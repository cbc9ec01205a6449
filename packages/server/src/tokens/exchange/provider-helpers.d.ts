// What the provider's own grants are made of; it has no types for them.
declare module 'oidc-provider/lib/helpers/grants.js' {
  import type Provider from 'oidc-provider'
  import type { KoaContextWithOIDC, ResourceServer } from 'oidc-provider'

  interface Proof {
    readonly thumbprint: string
  }
  export function validateDpop(provider: Provider, ctx: KoaContextWithOIDC): Promise<Proof | undefined>
  export function checkDpopRequired(provider: Provider, ctx: KoaContextWithOIDC, proof: Proof | undefined): void
  export function checkDpopReplay(
    provider: Provider,
    ctx: KoaContextWithOIDC,
    proof: Proof,
    clientId: string,
  ): Promise<void>
  export function checkMtlsCert(provider: Provider, ctx: KoaContextWithOIDC): string | undefined
  export function resolveRequestedResources(provider: Provider, ctx: KoaContextWithOIDC): Promise<ResourceServer[]>
}
