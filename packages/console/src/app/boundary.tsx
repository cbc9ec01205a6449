import { Component, type ReactNode } from 'react'
import { ProblemNote } from '../parts/problem.tsx'

/** A page that fails says so in its place; the rest of the console goes on. */
export class Boundary extends Component<{ readonly children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {}
  static getDerivedStateFromError(error: unknown) {
    return { error }
  }
  override render() {
    return this.state.error === undefined ? this.props.children : <ProblemNote error={this.state.error} />
  }
}
