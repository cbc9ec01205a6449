import { findOAuthNeeds, type OAuthNeeds } from '#directory'
import type { Feed } from '#feed'
import type { Storage } from '#storage'

const none: OAuthNeeds = { algorithms: new Set(), detailTypes: new Set(), documents: false }

/** What applications have in their settings that the provider is built for: algorithms of ID tokens, types of details. */
export class Needs {
  #needs = none
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  get detailTypes(): ReadonlySet<string> {
    return this.#needs.detailTypes
  }

  get documents(): boolean {
    return this.#needs.documents
  }

  /** Reads them, and again whenever an application or organization changes. @param changed called when there are more than before */
  async follow(feed: Feed, changed: (needs: OAuthNeeds) => Promise<void>): Promise<void> {
    const { position } = await this.#storage.readMark()
    await this.#read(changed)
    await feed.follow({
      name: 'tokens.needs',
      after: position,
      handle: async (events) => {
        if (events.some(({ object }) => object.type === 'Application' || object.type === 'Organization'))
          await this.#read(changed)
      },
    })
  }

  async #read(changed: (needs: OAuthNeeds) => Promise<void>): Promise<void> {
    const before = this.#needs
    this.#needs = await findOAuthNeeds(this.#storage.db)
    const { algorithms, detailTypes, documents } = this.#needs
    const isMore =
      [...algorithms].some((one) => !before.algorithms.has(one)) ||
      [...detailTypes].some((one) => !before.detailTypes.has(one))
    if (isMore || documents !== before.documents) await changed(this.#needs)
  }
}
