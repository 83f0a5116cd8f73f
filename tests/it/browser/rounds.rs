//! Every page that links lead to, one of each kind, looked at as everybody would: by day and by night, on a wide screen and on a phone.

use std::collections::{BTreeMap, VecDeque};

use super::{Screen, Visitor};

/// More kinds of pages than there are: where a round does not come to an end, something makes up links.
const AT_MOST: usize = 200;

const LINKS: &str = "[...document.querySelectorAll('a[href]')]
    .filter(link => link.origin === location.origin && !link.hasAttribute('download'))
    .map(link => link.pathname + link.search)";

/// What a link may lead to that is no page.
const NO_PAGES: [&str; 9] = [".json", ".svg", ".xml", ".atom", ".rss", ".md", ".txt", ".csv", "/metrics"];

/// Goes from these pages wherever links lead, to one page of each kind, and looks at each. Gives the kinds, each with the page that was looked at.
pub(super) async fn goes_everywhere(visitor: &Visitor, from: &[&str]) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    let mut ahead: VecDeque<String> = from.iter().map(|path| (*path).to_owned()).collect();
    while let Some(path) = ahead.pop_front() {
        let kind = kind(&path);
        if seen.contains_key(&kind) || is_no_page(&path) {
            continue;
        }
        visitor.open(&path).await;
        seen.insert(kind, path);
        assert!(seen.len() <= AT_MOST, "too many kinds of pages: {seen:#?}");
        let links = visitor.evaluate(LINKS).await;
        ahead.extend(links.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()));
        looks_closely(visitor).await;
    }
    seen
}

/// Looks at the page that is open.
pub(super) async fn looks_closely(visitor: &Visitor) {
    for screen in [Screen::NARROW, Screen::NARROW.dark(), Screen::WIDE.dark(), Screen::WIDE] {
        visitor.fits(screen).await;
        visitor.is_for_everybody().await;
    }
    visitor.heard_nothing_bad().await;
}

fn is_no_page(path: &str) -> bool {
    let path = path.split('?').next().unwrap();
    path.starts_with("/api/") || NO_PAGES.iter().any(|end| path.ends_with(end))
}

/// The path with a star for each number, time and key in it, and its query without values: pages of one kind have one template.
fn kind(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let stars =
        path.split('/').map(|part| if part.starts_with(|first: char| first.is_ascii_digit()) || part.len() > 24 { "*" } else { part });
    let mut keys: Vec<_> = query.split('&').filter_map(|pair| pair.split('=').next()).filter(|key| !key.is_empty()).collect();
    keys.sort_unstable();
    keys.dedup();
    let kind = stars.collect::<Vec<_>>().join("/");
    if keys.is_empty() { kind } else { format!("{kind}?{}", keys.join("&")) }
}

#[test]
fn pages_of_one_kind_are_known_as_such() {
    assert_eq!(kind("/incidents/17"), kind("/incidents/4"));
    assert_eq!(kind("/projects/shop/beats/2026-11-24T14:02Z?route=a&at=3"), "/projects/shop/beats/*?at&route");
    assert_ne!(kind("/projects/shop"), kind("/projects/shop/rules"));
    assert!(is_no_page("/badge/shop.svg?of=lag") && is_no_page("/api/openapi.json") && !is_no_page("/status/shop"));
}
