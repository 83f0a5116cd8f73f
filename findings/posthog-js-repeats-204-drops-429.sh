#!/usr/bin/env bash
# posthog-js: a 204 is sent again up to ten times, a 429 never
#
# Versions   posthog-js 1.449.2, playwright-core 1.65.1, the machine's Chromium (CHROMIUM names another program)
# Behaviour  The browser SDK's retry queue repeats everything that is not 200 and lies below 400 or from 500 on. So a 204 or 202 (a proxy
#            or worker that says "taken" without a body) is a failure: the same events are posted again, ten times within an hour.
#            A 4xx is final, and 429 is a 4xx: with `Retry-After: 1`, which the SDK reads and would keep to, the events are dropped
#            after one request. The server SDKs do the reverse: posthog-node takes 204 for success and repeats a 429.
# Seen       204: 11 posts within an hour of the page's timers, each with the same event
#            429 with Retry-After: 1: 1 post, 0 events taken
# Exits 0 while this is so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true,"dependencies":{"posthog-js":"1.449.2","@posthog/core":"1.67.3","playwright-core":"1.65.1"}}' >package.json
npm install --silent --no-audit --no-fund

cat >run.mjs <<'EOF'
import http from 'node:http'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'

const library = readFileSync('node_modules/posthog-js/dist/module.full.no-external.js')
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})

// One page whose capture address answers `answer` for an hour of the page's timers.
async function hour(answer) {
  const bodies = []
  let taken = 0
  const server = http.createServer((request, response) => {
    const parts = []
    request.on('data', (part) => parts.push(part)).on('end', () => {
      if (request.url === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end('<script type="module">import posthog from "/library.js"; window.library = posthog</script>')
      if (request.url === '/library.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(library)
      if (!request.url.startsWith('/e/')) return response.writeHead(404).end()
      const body = Buffer.concat(parts)
      bodies.push(JSON.parse(body[0] === 0x1f ? gunzipSync(body) : body).batch.map((event) => event.uuid).join())
      const [status, headers] = answer(bodies.length)
      taken += status === 200
      response.writeHead(status, headers).end(status === 200 ? '{"status":"Ok"}' : undefined)
    })
  })
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  const page = await (await browser.newContext()).newPage()
  await page.clock.install()
  await page.goto(`http://127.0.0.1:${server.address().port}/`)
  await page.waitForFunction(() => window.library)
  await page.evaluate(() => {
    window.library.init('phc_finding', { api_host: location.origin, autocapture: false, capture_pageview: false, disable_session_recording: true, disable_surveys: true, advanced_disable_flags: true, opt_out_useragent_filter: true, persistence: 'memory' })
    window.library.capture('finding')
  })
  for (let passed = 0; passed < 100 * 60; passed += 6) {
    await page.clock.runFor(6000)
    await new Promise((done) => setTimeout(done, 20))
  }
  await page.close()
  server.close()
  server.closeAllConnections()
  return { posts: bodies.length, kinds: new Set(bodies).size, taken }
}

const empty = await hour(() => [204, {}])
console.log('204:', empty.posts, 'posts of', empty.kinds, 'batch')
const limited = await hour((number) => (number === 1 ? [429, { 'retry-after': '1' }] : [200, {}]))
console.log('429 with Retry-After: 1:', limited.posts, 'post,', limited.taken, 'taken')
await browser.close()
process.exit(empty.posts === 11 && empty.kinds === 1 && limited.posts === 1 && limited.taken === 0 ? 0 : 1)
EOF
node run.mjs || { echo "changed: see above"; exit 1; }
echo "still so"
