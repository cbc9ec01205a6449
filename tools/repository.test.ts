import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = globSync('{*.md,{docs,examples,packages,tools,bench}/**/*.md}', {
  cwd: root,
  exclude: (name) => name === 'node_modules' || name.endsWith('/node_modules'),
}).filter((page) => !page.includes('node_modules'))
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)

/** A heading's anchor as the usual viewers of Markdown make it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-')
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '')
const anchors = (page: string) =>
  [...withoutCode(read(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading as string))

test('every link between pages leads to a file that exists, and to a heading of it', () => {
  const broken: string[] = []
  let followed = 0
  for (const page of pages) {
    for (const [, link = ''] of withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:\/\//.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : normalize(join(dirname(page), path))
      followed++
      if (!existsSync(join(root, target)) || target.startsWith('..')) broken.push(`${page}: ${link}`)
      else if (anchor !== undefined && !anchors(target).includes(anchor))
        broken.push(`${page}: ${link} (no such heading)`)
    }
  }
  assert.deepEqual(broken, [])
  assert.ok(followed > 20, `only ${followed} links were followed`)
})

test('every file of the repository that a page names exists, and every npm script', () => {
  const missing: string[] = []
  for (const page of pages) {
    const text = read(page)
    for (const [, path = ''] of text.matchAll(/`((?:docs|examples|packages|tools|bench)\/[\w./-]*\w)\/?`/g))
      if (!existsSync(join(root, path))) missing.push(`${page}: ${path}`)
    for (const [, script = ''] of text.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g))
      if (!scripts.includes(script)) missing.push(`${page}: npm run ${script}`)
  }
  assert.deepEqual(missing, [])
})

test('every page of docs/ is reached from the README by links', () => {
  const reached = new Set(['README.md'])
  for (const page of reached) {
    for (const [, link = ''] of withoutCode(read(page)).matchAll(/\]\(([^)#\s]+\.md)[^)]*\)/g)) {
      const target = normalize(join(dirname(page), link))
      if (existsSync(join(root, target))) reached.add(target)
    }
  }
  assert.deepEqual(
    pages.filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  )
})

test('the lockfile names no host: npm takes every package from the registry it is set to, checked by its hash', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; integrity?: string; link?: boolean; version?: string }>
  }
  for (const [path, entry] of Object.entries(packages)) {
    if (!path.includes('node_modules/') || entry.link === true) continue
    assert.equal(entry.resolved, undefined, path)
    assert.match(entry.integrity ?? '', /^sha512-/, path)
  }
})
