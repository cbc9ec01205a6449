import { parseTilePath } from './tile.ts'

/** How to serve a log's file over HTTP (C2SP tlog-tiles); undefined for a path that no log has. */
export function headersFor(path: string): { 'content-type': string; 'cache-control': string } | undefined {
  if (path === 'checkpoint') return { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' }
  if (parseTilePath(path) === undefined) return undefined
  return { 'content-type': 'application/octet-stream', 'cache-control': 'public, max-age=31536000, immutable' }
}
