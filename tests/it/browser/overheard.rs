//! What a page says and asks beside what it shows: errors on the console, requests to other servers.

use std::collections::BTreeSet;
use std::sync::Arc;

use chromiumoxide::Page;
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::network::{EventRequestWillBeSent, EventResponseReceived, ResourceType};
use chromiumoxide::cdp::js_protocol::runtime::{ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::listeners::EventStream;
use futures_util::{FutureExt, Stream, StreamExt};

/// All that one page says and asks.
pub(super) struct Overheard {
    logged: EventStream<EventEntryAdded>,
    called: EventStream<EventConsoleApiCalled>,
    thrown: EventStream<EventExceptionThrown>,
    asked: EventStream<EventRequestWillBeSent>,
    answered: EventStream<EventResponseReceived>,
    documents: BTreeSet<String>,
}

impl Overheard {
    pub(super) async fn listen(page: &Page) -> Self {
        Self {
            logged: page.event_listener().await.unwrap(),
            called: page.event_listener().await.unwrap(),
            thrown: page.event_listener().await.unwrap(),
            asked: page.event_listener().await.unwrap(),
            answered: page.event_listener().await.unwrap(),
            documents: BTreeSet::new(),
        }
    }

    /// What was bad of what came since this was asked last; a request is bad when it goes elsewhere than to `origin`.
    pub(super) fn bad(&mut self, origin: &str) -> Vec<String> {
        let mut bad = Vec::new();
        for asked in all(&mut self.asked) {
            let address = &asked.request.url;
            let is_ours = address.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            if !is_ours && !address.starts_with("data:") {
                bad.push(format!("a request to a stranger: {address}"));
            }
            if asked.r#type == Some(ResourceType::Document) {
                self.documents.insert(address.clone());
            }
        }
        for answered in all(&mut self.answered) {
            let response = &answered.response;
            if response.status >= 500 {
                bad.push(format!("{} answered {}", response.url, response.status));
            }
        }
        for logged in all(&mut self.logged) {
            let entry = &logged.entry;
            // A page that says no (404, 422) is a page; anything else that is asked for has to be there.
            let is_page = entry.url.as_ref().is_some_and(|address| self.documents.contains(address));
            if entry.level == LogEntryLevel::Error && !(is_page && entry.text.starts_with("Failed to load resource")) {
                bad.push(format!("{} ({})", entry.text, entry.url.as_deref().unwrap_or("no address")));
            }
        }
        for called in all(&mut self.called) {
            if matches!(called.r#type, ConsoleApiCalledType::Error | ConsoleApiCalledType::Assert | ConsoleApiCalledType::Warning) {
                let words: Vec<_> = called.args.iter().map(|word| format!("{:?}", word.value.as_ref().or(None))).collect();
                bad.push(format!("on the console: {}", words.join(" ")));
            }
        }
        for thrown in all(&mut self.thrown) {
            let details = &thrown.exception_details;
            let what = details.exception.as_ref().and_then(|exception| exception.description.clone()).unwrap_or_default();
            bad.push(format!("thrown: {} {what}", details.text));
        }
        bad
    }
}

/// Everything that is there already.
fn all<T>(events: &mut (impl Stream<Item = Arc<T>> + Unpin)) -> Vec<Arc<T>> {
    std::iter::from_fn(|| events.next().now_or_never().flatten()).collect()
}
