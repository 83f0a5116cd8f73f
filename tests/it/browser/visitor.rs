//! A visitor with a browser: opens, clicks, fills in, reads; with a large screen or a phone, in the light or the dark, with script or without.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chromiumoxide::Page;
use heartbeat::clock::Clock;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::chromium::{Ask, Chromium};
use super::overheard::Overheard;
use super::part::Part;

/// No condition is waited for longer than this, unless a test says how long; a machine that does much else is slow.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What is wider than the screen, and does not stand in something that can be scrolled sideways by itself.
const TOO_WIDE: &str = r"(() => {
    const scrolls = element => element && (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(element).overflowX)
        || (element.parentElement !== document.body && scrolls(element.parentElement)));
    return [...document.body.querySelectorAll('*')]
        .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(element.parentElement))
        .slice(0, 5)
        .map(element => `${element.outerHTML.slice(0, 160)} ends at ${Math.round(element.getBoundingClientRect().right)}`);
})()";

/// A browser with its own cookies.
pub(crate) struct Visitor {
    origin: String,
    page: Page,
    script: bool,
    overheard: Mutex<Overheard>,
    chromium: Arc<Chromium>,
}

/// What he looks at the page with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// In CSS pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// He prefers dark colours.
    pub(crate) dark: bool,
    /// He prefers that nothing moves.
    pub(crate) still: bool,
}

impl Screen {
    /// Of a desktop.
    pub(crate) const WIDE: Self = Self { width: 1280, height: 800, dark: false, still: true };
    /// Of a small phone.
    pub(crate) const NARROW: Self = Self { width: 360, height: 740, dark: false, still: true };

    /// The same at night.
    pub(crate) const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

impl Visitor {
    /// Comes to `http://127.0.0.1:port`, with a large screen.
    pub(crate) async fn of(origin: &str) -> Self {
        Self::with(Chromium::start().await, origin).await
    }

    /// Another visitor of the same site, without the cookies of this one.
    pub(crate) async fn stranger(&self) -> Self {
        Self::with(Arc::clone(&self.chromium), &self.origin).await
    }

    async fn with(chromium: Arc<Chromium>, origin: &str) -> Self {
        let page = chromium.page().await;
        let overheard = Mutex::new(Overheard::listen(&page).await);
        let visitor = Self { origin: origin.trim_end_matches('/').to_owned(), page, script: true, overheard, chromium };
        for domain in ["Network.enable", "Log.enable", "Runtime.enable", "Page.enable"] {
            visitor.ask(domain, json!({})).await;
        }
        visitor.looks_with(Screen::WIDE).await;
        visitor
    }

    /// Switches script off: from the next page on.
    pub(crate) async fn without_script(mut self) -> Self {
        self.allow_script(false).await;
        self.script = false;
        self
    }

    pub(super) async fn allow_script(&self, allowed: bool) {
        self.ask("Emulation.setScriptExecutionDisabled", json!({"value": !allowed})).await;
    }

    pub(super) fn has_script(&self) -> bool {
        self.script
    }

    /// Changes the screen.
    pub(crate) async fn looks_with(&self, screen: Screen) {
        let metrics = json!({"width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", metrics).await;
        let features = json!([
            {"name": "prefers-color-scheme", "value": if screen.dark { "dark" } else { "light" }},
            {"name": "prefers-reduced-motion", "value": if screen.still { "reduce" } else { "no-preference" }},
        ]);
        self.ask("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Opens a page, by its path or its whole address, and waits until it is there.
    pub(crate) async fn open(&self, path: &str) {
        let address = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.origin) };
        let answer = self.ask("Page.navigate", json!({"url": address})).await;
        assert!(answer["errorText"].is_null(), "{address}: {answer}");
        self.waits_for("the page is there", async || self.is_complete().await).await;
    }

    /// Whether the page is there, with all that belongs to it.
    async fn is_complete(&self) -> bool {
        self.try_evaluate("document.readyState").await.is_ok_and(|state| state == "complete")
    }

    /// Which document this is: another number after every navigation.
    async fn document(&self) -> Option<Value> {
        self.try_evaluate("performance.timeOrigin").await.ok()
    }

    /// Does something that leads to another page (or to the same one anew), and waits until that is there.
    pub(crate) async fn arrives(&self, what: &str, doing: impl Future<Output = ()>) {
        let before = self.document().await;
        doing.await;
        let what = format!("{what} leads to another page");
        self.waits_for(&what, async || self.document().await.is_some_and(|now| before.as_ref() != Some(&now)) && self.is_complete().await)
            .await;
    }

    /// Follows a link, or presses a button that leads to another page, by its name.
    pub(crate) async fn follows(&self, name: &str) {
        self.whole().follows(name).await;
    }

    /// Clicks what has this name.
    pub(crate) async fn clicks(&self, name: &str) {
        self.whole().clicks(name).await;
    }

    /// Replaces what stands in the field with this label.
    pub(crate) async fn fills(&self, label: &str, text: &str) {
        self.whole().fills(label, text).await;
    }

    /// Chooses in the list with this label.
    pub(crate) async fn chooses(&self, label: &str, option: &str) {
        self.whole().chooses(label, option).await;
    }

    /// Presses a key, such as `Tab` or `Enter`.
    pub(crate) async fn presses(&self, key: &str) {
        let (text, code) = match key {
            "Enter" => ("\r", 13),
            " " => (" ", 32),
            "Tab" => ("", 9),
            "Escape" => ("", 27),
            other => panic!("what is the number of the key {other}?"),
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let event = |kind: &str| json!({"type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code});
        self.ask("Input.dispatchKeyEvent", event(down)).await;
        self.ask("Input.dispatchKeyEvent", event("keyUp")).await;
    }

    /// The name and role of what the keyboard is at.
    pub(crate) async fn is_at(&self) -> String {
        let focused = self.ask("Runtime.evaluate", json!({"expression": "document.activeElement"})).await;
        let nodes = self.ask("Accessibility.queryAXTree", json!({"objectId": focused["result"]["objectId"]})).await;
        let node = &nodes["nodes"][0];
        format!("{} {}", node["role"]["value"].as_str().unwrap_or_default(), node["name"]["value"].as_str().unwrap_or_default())
    }

    /// The whole page.
    pub(crate) fn whole(&self) -> Part<'_> {
        self.within("html")
    }

    /// A part of the page, by a CSS selector.
    pub(crate) fn within(&self, selector: &str) -> Part<'_> {
        Part::of(self, selector)
    }

    /// Where he is: path and query.
    pub(crate) async fn path(&self) -> String {
        self.evaluate("location.pathname + location.search").await.as_str().unwrap().to_owned()
    }

    /// Waits until the page says this, where it can be seen.
    pub(crate) async fn sees(&self, words: &str) {
        self.whole().sees(words).await;
    }

    /// Everything that can be read on the page.
    pub(crate) async fn reads(&self) -> String {
        self.whole().reads().await
    }

    /// Waits until it is so.
    pub(crate) async fn waits_for(&self, what: &str, is_so: impl AsyncFnMut() -> bool) {
        self.waits_until(what, PATIENCE, is_so).await;
    }

    /// Waits until it is so, for at most so long; else says what there was to see instead.
    pub(crate) async fn waits_until(&self, what: &str, bound: Duration, is_so: impl AsyncFnMut() -> bool) {
        assert!(becomes(bound, is_so).await, "within {bound:?} it did not happen that {what}; on the page: {}", self.seen().await);
    }

    /// Where he is and what he sees, for a person who reads of a failure.
    pub(super) async fn seen(&self) -> String {
        let seen = self.try_evaluate("`${location.href} (${document.readyState}, ${document.title})\n${document.body?.innerText}`").await;
        seen.map_or_else(|why| why, |seen| seen.as_str().unwrap_or_default().to_owned())
    }

    /// Fails when the page is wider than a screen of so many CSS pixels.
    pub(crate) async fn fits(&self, screen: Screen) {
        self.looks_with(screen).await;
        let script = "[document.documentElement.scrollWidth, innerWidth, location.href]";
        let measured = self.evaluate(script).await;
        let (page, inner) = (measured[0].as_u64().unwrap(), measured[1].as_u64().unwrap());
        assert_eq!(inner, u64::from(screen.width), "the screen is not as wide as it was asked to be");
        assert!(page <= inner, "{} is {page} wide, on a screen of {inner}: {:#}", measured[2], self.evaluate(TOO_WIDE).await);
    }

    /// A picture for README and docs, where pictures are asked for: `HEARTBEAT_SCREENSHOTS` names their folder, from the root of the project.
    #[expect(clippy::disallowed_methods, reason = "asked by whoever runs the tests, not by the program")]
    pub(crate) async fn photographs(&self, name: &str, screen: Screen) {
        let Some(folder) = std::env::var_os("HEARTBEAT_SCREENSHOTS") else { return };
        self.looks_with(screen).await;
        self.saves(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(format!("{name}.png"))).await;
        self.looks_with(Screen::WIDE).await;
    }

    /// Saves what is on the screen, or the whole page where it is longer and nobody would have to scroll for long, as a PNG file.
    pub(crate) async fn saves(&self, file: &Path) {
        let size = self
            .evaluate("[innerWidth, Math.max(innerHeight, Math.min(document.documentElement.scrollHeight, 1.35 * innerWidth, 2400))]")
            .await;
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let params = json!({"format": "png", "captureBeyondViewport": true, "optimizeForSpeed": false, "clip": clip});
        let picture = self.ask("Page.captureScreenshot", params).await;
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()).unwrap();
    }

    /// What was bad since this was asked last: errors on the console, what the page's policy forbade, requests to anybody else.
    pub(crate) async fn heard(&self) -> Vec<String> {
        // What happened before is reported before the answer to a question: twice, since the second question is passed on behind all that.
        for _ in 0..2 {
            let _ = self.try_evaluate("0").await;
        }
        self.overheard.lock().await.bad(&self.origin)
    }

    /// Fails when anything bad was heard.
    pub(crate) async fn heard_nothing_bad(&self) {
        let bad = self.heard().await;
        assert!(bad.is_empty(), "at {}:\n{}", self.path().await, bad.join("\n"));
    }

    /// Evaluates a script on the page; one that throws fails the test.
    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        self.try_evaluate(script).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// The same; it may fail, also because the page is just going.
    pub(super) async fn try_evaluate(&self, script: &str) -> Result<Value, String> {
        let params = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.try_ask("Runtime.evaluate", params).await?;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(thrown["exception"]["description"].as_str().unwrap_or("something was thrown").to_owned()),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    pub(super) async fn ask(&self, method: &'static str, params: Value) -> Value {
        self.try_ask(method, params).await.unwrap_or_else(|why| panic!("{method}: {why}"))
    }

    pub(super) async fn try_ask(&self, method: &'static str, params: Value) -> Result<Value, String> {
        self.page.execute(Ask::new(method, params)).await.map(|answer| answer.result).map_err(|why| why.to_string())
    }
}

/// Whether it becomes so within this time.
pub(super) async fn becomes(bound: Duration, mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let clock = Clock::system();
    let begun = clock.monotonic();
    while !is_so().await {
        if clock.monotonic().saturating_sub(begun) > bound {
            return false;
        }
        clock.sleep(Duration::from_millis(10)).await;
    }
    true
}
