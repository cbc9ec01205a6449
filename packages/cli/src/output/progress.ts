/** Shows how far long work is, on standard error and only where a person watches. */
export interface Progress {
  set(done: number, total?: number): void
  end(): void
}

const silent: Progress = { set: () => undefined, end: () => undefined }

export async function startProgress(
  label: string,
  options: { json: boolean; unit?: 'bytes' | 'steps' },
): Promise<Progress> {
  if (options.json || !process.stderr.isTTY) return silent
  const { default: cli } = await import('cli-progress')
  const bytes = options.unit === 'bytes'
  const show = (value: number) => (bytes ? `${(value / 1_048_576).toFixed(1)} MiB` : String(value))
  const bar = new cli.SingleBar(
    {
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      formatValue: (value, _options, type) => (type === 'value' || type === 'total' ? show(value) : String(value)),
      format: `${label} {bar} {value} of {total}`,
    },
    cli.Presets.shades_grey,
  )
  let started = false
  return {
    set: (done, total) => {
      if (!started) bar.start(Math.max(total ?? done, 1), done)
      started = true
      if (total !== undefined) bar.setTotal(total)
      else if (done > bar.getTotal()) bar.setTotal(done)
      bar.update(done)
    },
    end: () => {
      if (started) bar.stop()
    },
  }
}

/** Shows, on a terminal, for how many seconds the server has been at work, from the first second on. */
export async function whileWaiting<T>(label: string, options: { json: boolean }, work: Promise<T>): Promise<T> {
  if (options.json || !process.stderr.isTTY) return await work
  const since = performance.now()
  const clearLine = '\r\u001b[K'
  const tick = setInterval(() => {
    process.stderr.write(`${clearLine}${label}… ${Math.round((performance.now() - since) / 1_000)} s`)
  }, 1_000)
  try {
    return await work
  } finally {
    clearInterval(tick)
    if (performance.now() - since >= 1_000) process.stderr.write(clearLine)
  }
}
