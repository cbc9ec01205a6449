import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'feed.behind': { status: 503, says: 'This node has not yet seen the write you ask for. Try again shortly' },
  'feed.token_invalid': { status: 400, says: 'The consistency token is not one of this deployment' },
  'feed.claimed': {
    status: 409,
    says: 'Another request with this Idempotency-Key was faster: repeat it for its answer',
  },
})
