/** How a request says who sends it: the value of `Authorization`, made anew for each request. */
export interface Credential {
  readonly kind: 'token' | 'bootstrap' | 'login'
  readonly url: string
  authorization(): Promise<string>
}
