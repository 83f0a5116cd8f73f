// posthog-node: node.mjs HOST COUNT [immediate] [capitals | no-hyphens]. V1 by the SDK's own POSTHOG_CAPTURE_MODE.
import { randomUUID } from 'node:crypto'
import { PostHog } from 'posthog-node'

const [host, count, ...words] = process.argv.slice(2)
const mode = words.includes('immediate') ? 'immediate' : ''
const written = words.includes('capitals') ? (id) => id.toUpperCase() : words.includes('no-hyphens') ? (id) => id.replaceAll('-', '') : null
const told = { log: [], callback: [], raised: [], returned: [] }
for (const level of ['log', 'info', 'warn', 'error']) console[level] = (...words) => told.log.push(String(words[0]).slice(0, 160))
process.on('unhandledRejection', (error) => told.raised.push(`unhandled: ${error}`))

const client = new PostHog('phc_rows', { host })
client.on('error', (error) => told.callback.push(String(error).slice(0, 160)))
const start = Date.now()
for (let n = 0; n < Number(count); n++) {
  // Random text: the body must not shrink to nothing by compression.
  const text = Array.from({ length: 4000 }, () => Math.random().toString(36)[2] ?? 'x').join('')
  const event = { distinctId: 'person', event: 'row', properties: { n, text } }
  if (written) event.uuid = written(randomUUID())
  if (mode !== 'immediate') client.capture(event)
  else
    try {
      await client.captureImmediate(event)
      told.returned.push('resolved')
    } catch (error) {
      told.raised.push(`captureImmediate: ${error}`)
    }
}
const alive = setInterval(() => {}, 1000)
try {
  await client.shutdown()
} catch (error) {
  told.raised.push(`shutdown: ${String(error).slice(0, 160)}`)
}
clearInterval(alive)
process.stdout.write(JSON.stringify({ seconds: (Date.now() - start) / 1000, ...told }) + '\n')
