// posthog-js in headless Chromium: browser.mjs PAGE HOST COUNT SECONDS [fast]. `fast` lets 100 minutes of the page's timers pass quickly instead.
import { chromium } from 'playwright-core'

const [page_url, host, count, seconds, fast] = process.argv.slice(2)
const told = { log: [], callback: [], raised: [], returned: [] }
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const context = await browser.newContext()
const page = await context.newPage()
page.on('pageerror', (error) => told.raised.push(String(error).slice(0, 160)))
// The browser's own console line for a failed request is not the SDK's; it is marked.
page.on('console', (line) => told.log.push((line.text().startsWith('[PostHog') ? '' : 'browser: ') + line.text().slice(0, 160)))
if (fast) await page.clock.install()
const start = Date.now()
await page.goto(page_url)
await page.waitForFunction(() => window.library)
await page.evaluate(
  ([host, count]) => {
    window.failures = []
    window.library.init('phc_rows', {
      api_host: host,
      autocapture: false,
      capture_pageview: false,
      capture_pageleave: false,
      disable_session_recording: true,
      disable_surveys: true,
      advanced_disable_flags: true,
      opt_out_useragent_filter: true,
      persistence: 'memory',
      on_request_error: (response) => window.failures.push(response.statusCode),
    })
    for (let n = 0; n < count; n++) {
      const text = Array.from({ length: 4000 }, () => Math.random().toString(36)[2] ?? 'x').join('')
      window.library.capture('row', { n, text })
    }
  },
  [host, Number(count)]
)
// The clock stands still while a request is on its way: none runs into a time limit that the answer would have kept.
let under_way = 0
page.on('request', () => under_way++)
for (const end of ['requestfinished', 'requestfailed']) page.on(end, () => under_way--)
if (fast)
  for (let passed = 0; passed < 100 * 60; passed += 6) {
    await page.clock.runFor(6000)
    do await new Promise((done) => setTimeout(done, 20))
    while (under_way > 0)
  }
else await new Promise((done) => setTimeout(done, Number(seconds) * 1000))
told.callback = await page.evaluate(() => window.failures.map(String))
const waiting = await page.evaluate(() => window.library._retryQueue?.length ?? null)
console.log(JSON.stringify({ seconds: (Date.now() - start) / 1000, waiting, ...told }))
await browser.close()
