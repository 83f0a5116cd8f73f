#!/usr/bin/env bash
# Node 20 and 22: fetch cannot follow a 307 or 308 with a binary body
#
# Versions   node 20.20.2, 22.23.3, 24.21.0 (npm package "node"), posthog-node 5.70.0
# Behaviour  fetch(url, {method: 'POST', body}) against a server that answers 308 with a Location of the same origin:
#            a string and a Blob are sent again, as the standard asks. A Uint8Array, a Buffer and an ArrayBuffer are not:
#            TypeError: fetch failed, cause "Cannot perform ArrayBuffer.prototype.slice on a detached ArrayBuffer".
#            Node 24 follows with all of them. The program did nothing with the buffer; the first sending detached it.
# Why care   posthog-node compresses by default, and its gzip body is a Uint8Array. Behind a redirect of the slash at the end
#            (308 by Next.js and many proxies) every event is lost on Node 20 and 22, after four posts; with
#            disableCompression: true, or on Node 24, they arrive. curl and a test with a JSON string both show a redirect that works.
# Seen       v22.23.3 string POST /batch/, POST /batch: 200
#            v22.23.3 bytes  POST /batch/: TypeError: Cannot perform ArrayBuffer.prototype.slice on a detached ArrayBuffer
#            v22.23.3 posthog-node compressed: 4 posts, 0 events; uncompressed: 2 posts, 1 event
# Exits 0 while this is so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for version in 20.20.2 22.23.3 24.21.0; do
  mkdir "$version"
  echo "{\"private\":true,\"dependencies\":{\"node\":\"$version\"},\"allowScripts\":{\"node\":true}}" >"$version/package.json"
  (cd "$version" && npm install --silent --no-audit --no-fund)
done
echo '{"private":true,"dependencies":{"posthog-node":"5.70.0","@posthog/core":"1.67.3"}}' >package.json
npm install --silent --no-audit --no-fund

cat >run.mjs <<'EOF'
import http from 'node:http'
import { gunzipSync } from 'node:zlib'
import { PostHog } from 'posthog-node'
console.error = () => {}

let posts = [], events = 0
const server = http.createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part)).on('end', () => {
    posts.push(`${request.method} ${request.url}`)
    if (request.url.endsWith('/')) return response.writeHead(308, { location: request.url.slice(0, -1) }).end()
    const body = Buffer.concat(parts)
    try { events += JSON.parse(body[0] === 0x1f ? gunzipSync(body) : body).batch.length } catch {}
    response.end('{"status":"Ok"}')
  })
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const host = `http://127.0.0.1:${server.address().port}`
const found = {}
for (const [name, body] of Object.entries({ string: 'text', blob: new Blob(['text']), bytes: new Uint8Array([1, 2, 3]), buffer: Buffer.alloc(9), array: new ArrayBuffer(9) })) {
  posts = []
  found[name] = await fetch(`${host}/batch/`, { method: 'POST', body }).then((answer) => String(answer.status), (error) => String(error.cause ?? error))
  console.log(process.version, name, posts.join(', ') + ':', found[name])
}
for (const disableCompression of [false, true]) {
  posts = []; events = 0
  const client = new PostHog('phc_finding', { host, disableCompression, fetchRetryDelay: 100 })
  client.capture({ distinctId: 'person', event: 'finding' })
  await client.shutdown()
  found[disableCompression ? 'plain' : 'compressed'] = events
  console.log(process.version, 'posthog-node', disableCompression ? 'uncompressed:' : 'compressed:', posts.length, 'posts,', events, 'events')
}
server.close()
server.closeAllConnections()
const old = !process.version.startsWith('v24')
const fails = (name) => found[name].includes('detached ArrayBuffer')
const binary = ['bytes', 'buffer', 'array']
const right = found.string === '200' && found.blob === '200' && found.plain === 1 &&
  (old ? binary.every(fails) && found.compressed === 0 : binary.every((name) => found[name] === '200') && found.compressed === 1)
process.exit(right ? 0 : 1)
EOF
for version in 20.20.2 22.23.3 24.21.0; do
  "./$version/node_modules/node/bin/node" run.mjs || { echo "changed: see above"; exit 1; }
done
echo "still so"
