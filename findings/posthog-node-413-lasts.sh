#!/usr/bin/env bash
# posthog-node: a few 413 make every later request carry one event, for the life of the client
#
# Versions   posthog-node 5.70.0 with @posthog/core 1.67.3, on the machine's Node
# Behaviour  A 413 to a batch halves the batch size; nothing raises it again, not even thousands of successes. After six 413 in a row (a proxy's
#            wrong limit that somebody corrects within the minute) a client that sent 64 events in one request sends 64 requests, until the process
#            is restarted: 64 times the requests at capture, and at any rate limit on the way.
# Seen       before: 64 events in 1 request; six times 413; then 64 events in 64 requests, and the next 64 in 64 requests
# Exits 0 while this is so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true,"dependencies":{"posthog-node":"5.70.0","@posthog/core":"1.67.3"}}' >package.json
npm install --silent --no-audit --no-fund

cat >run.mjs <<'EOF'
import http from 'node:http'
import { gunzipSync } from 'node:zlib'
import { PostHog } from 'posthog-node'

let refuse = 0, sizes = []
const server = http.createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part)).on('end', () => {
    if (refuse > 0) return refuse--, response.writeHead(413).end()
    const body = Buffer.concat(parts)
    sizes.push(JSON.parse(body[0] === 0x1f ? gunzipSync(body) : body).batch.length)
    response.end('{"status":"Ok"}')
  })
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const client = new PostHog('phc_finding', { host: `http://127.0.0.1:${server.address().port}`, flushAt: 64 })
async function burst() {
  sizes = []
  for (let n = 0; n < 64; n++) client.capture({ distinctId: 'person', event: 'finding' })
  await client.flush()
  await new Promise((done) => setTimeout(done, 300))
  const events = sizes.reduce((sum, size) => sum + size, 0)
  console.log(events, 'events in', sizes.length, sizes.length === 1 ? 'request' : 'requests')
  return [events, sizes.length].join('/')
}
const seen = [await burst()]
refuse = 6
console.log('six times 413')
seen.push(await burst(), await burst())
await client.shutdown()
server.close()
server.closeAllConnections()
process.exit(seen.join(' ') === '64/1 64/64 64/64' ? 0 : 1)
EOF
node run.mjs || { echo "changed: see above"; exit 1; }
echo "still so"
