#!/usr/bin/env bash
# posthog-node: `await captureImmediate()` resolves when the event was lost, and nothing is logged
#
# Versions   posthog-node 5.70.0 with @posthog/core 1.67.3, on the machine's Node
# Behaviour  captureImmediate is the call for serverless functions, "to guarantee that the event is sent before the function ends". It waits for the request and its
#            retries, and resolves with undefined whatever came of it: 401, 404, 413, four times 503, nobody listening. Nothing is thrown and nothing is written to the
#            console. Only a listener of the `error` event hears of it. The queue of the same client, `capture` and `flush`, rejects with the same failure.
# Seen       401, 404, 413, 503, refused: captureImmediate resolved, 0 lines logged; flush rejected
#            the `error` event: 5 of 5
# Exits 0 while this is so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true,"dependencies":{"posthog-node":"5.70.0","@posthog/core":"1.67.3"}}' >package.json
npm install --silent --no-audit --no-fund

cat >run.mjs <<'EOF'
import http from 'node:http'
import { PostHog } from 'posthog-node'

let lines = 0
const say = console.log
for (const level of ['log', 'info', 'warn', 'error', 'debug']) console[level] = () => lines++
let status = 200
const server = http.createServer((request, response) => request.resume().on('end', () => response.writeHead(status).end('no')))
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const address = `http://127.0.0.1:${server.address().port}`
const found = []
let heard = 0
for (const kind of [401, 404, 413, 503, 'refused']) {
  status = kind
  const host = kind === 'refused' ? 'http://127.0.0.1:9' : address
  const client = new PostHog('phc_finding', { host, fetchRetryDelay: 50 })
  let immediate = 0
  client.on('error', () => immediate++)
  lines = 0
  const event = { distinctId: 'person', event: 'finding' }
  const now = await client.captureImmediate(event).then(() => 'resolved', () => 'rejected')
  heard += immediate
  const logged = lines
  client.capture(event)
  const queue = await client.flush().then(() => 'resolved', () => 'rejected')
  say(`${kind}: captureImmediate ${now}, ${logged} lines logged; flush ${queue}`)
  found.push(now === 'resolved' && logged === 0 && queue === 'rejected')
}
say('the `error` event:', heard, 'of 5')
process.exit(found.every(Boolean) && heard === 5 ? 0 : 1)
EOF
node run.mjs || { echo "changed: see above"; exit 1; }
echo "still so"
