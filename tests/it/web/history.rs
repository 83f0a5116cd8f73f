//! Projects with a history, for what is drawn of them; and the words of a page, as a user reads it who sees no shapes.

use std::sync::Arc;

use heartbeat::model::{
    Evidence, EvidenceOf, Minute, Obstacle, Outcome, Phase, Phases, Project, ProjectSpec, Recorded, RejectionReason, ResponseExcerpt,
    Timestamp,
};

use super::bed::{NOW, Shown, TestSite};
use crate::report::world::beat;
use crate::store::samples::{find, readback};

/// The minute that is under way.
pub(crate) fn now() -> Minute {
    Timestamp::parse(NOW).unwrap().minute()
}

/// Sets up a project so many minutes before now. Of each route, in their order, letters say what became of the last minutes, the newest last; a read-back
/// was made just now.
pub(crate) async fn with_history(site: &TestSite, spec: ProjectSpec, minutes: i64, letters: &[&str]) -> Arc<Project> {
    let name = spec.name.clone();
    site.store.apply(&[spec], &[], now().plus(-minutes).start()).await.unwrap();
    let project = find(&site.store, &name).await;
    for (route, letters) in project.routes.iter().zip(letters) {
        let from = now().plus(1 - letters.chars().count() as i64);
        let beats: Vec<Recorded> = (0..).zip(letters.chars()).filter_map(|(at, letter)| beat(route.id, from.plus(at), letter)).collect();
        let evidence: Vec<Evidence> = beats.iter().filter_map(proof).collect();
        let beats: Vec<Recorded> = beats.into_iter().map(|beat| Recorded { phases: phases(&beat), ..beat }).collect();
        site.store.record(&beats, &evidence).await.unwrap();
    }
    let readback = readback(&project, Timestamp::parse(NOW).unwrap());
    site.store.settle(&readback, &[], &[]).await.unwrap();
    Arc::new(project)
}

fn phases(beat: &Recorded) -> Phases {
    if beat.status.is_none() {
        return Phases::default();
    }
    Phases { dns_us: Some(900), connect_us: Some(12_000), tls_us: Some(15_000), first_byte_us: Some(34_200) }
}

/// What a failure leaves. The server's words are none that a page may take for its own.
fn proof(beat: &Recorded) -> Option<Evidence> {
    let excerpt = ResponseExcerpt {
        status: 503,
        headers: vec![("server".into(), "envoy".into())],
        words: "<b>no upstream</b> & no hope".into(),
        ..ResponseExcerpt::default()
    };
    let of = match beat.outcome {
        Outcome::Rejected => EvidenceOf::Rejected { why: RejectionReason::Broken, excerpt },
        Outcome::Unreachable => {
            EvidenceOf::Unreachable { at: Phase::Tls, obstacle: Obstacle::WrongName, words: "the certificate is of <evil.example>".into() }
        }
        Outcome::Lost => EvidenceOf::Lost { read_back: beat.missed? },
        _ => return None,
    };
    Some(Evidence { route: beat.route, minute: beat.minute, at: beat.counted_from(), of })
}

/// What stands in the page's `<main>`, a line for each piece of text, without what is drawn.
pub(crate) fn words(page: &Shown) -> String {
    let (_, rest) = page.text.split_once("<main").expect("the page has a main part");
    let (_, rest) = rest.split_once('>').unwrap();
    let main = without(rest.split_once("</main>").unwrap().0, "svg");
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for part in main.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        let is_inline = ["a", "/a", "small", "/small", "time", "/time", "span", "/span", "code", "/code", "b", "/b"]
            .contains(&tag.split_whitespace().next().unwrap_or(""));
        if !is_inline && !line.trim().is_empty() {
            lines.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
            line.clear();
        }
        line += text;
    }
    lines.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.join("\n").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&").replace("&#34;", "\"").replace("&#39;", "'")
}

/// HTML without elements of this name, which do not hold one another.
pub(crate) fn without(html: &str, name: &str) -> String {
    let (begin, end) = (format!("<{name}"), format!("</{name}>"));
    let mut parts = html.split(&begin);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once(&end).map_or(part, |(_, rest)| rest))
}

/// Whether a piece of HTML has all the tags closed that it opens, in their order.
pub(crate) fn assert_well_formed(html: &str) {
    let void = ["meta", "link", "input", "br", "hr", "img", "!doctype"];
    let mut open: Vec<&str> = Vec::new();
    for part in html.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        let name = tag.split(|letter: char| letter.is_whitespace() || letter == '/').find(|name| !name.is_empty()).unwrap_or("");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "in {}", &html[..html.len().min(200)]);
        } else if !tag.ends_with('/') && !void.contains(&name) && !tag.starts_with('!') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
}
