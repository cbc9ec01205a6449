// A sign-in storm from a process of its own. Prints what it did.
import { type Account, storm } from './by-password.ts'

const [url, accounts, seconds] = process.argv.slice(2) as [string, string, string]
console.log(JSON.stringify(await storm(url, JSON.parse(accounts) as Account[], Number(seconds))))
