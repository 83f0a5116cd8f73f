//! The sandbox answers every recorded request as PostHog did.

use reqwest::redirect::Policy;

use super::Running;
use crate::wire::WireFile;

#[tokio::test]
async fn the_sandbox_answers_as_recorded() {
    let files = WireFile::all();
    assert!(files.len() > 40, "only {} wire files were found", files.len());
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let mut wrong = Vec::new();
    for file in &files {
        let (sandbox, _hand) = Running::by_hand().await;
        if let Some(faults) = file.faults() {
            sandbox.faults(faults).await;
        }
        let mut request = client.request(file.request.method.parse().unwrap(), format!("{}{}", sandbox.url, file.request.path));
        for (name, value) in &file.request.headers {
            request = request.header(name, value);
        }
        let answer = sandbox.send(request.body(file.request.bytes())).await;
        let differences = file.answer.compare(answer.status, |name| answer.header(name).to_owned(), &answer.body);
        wrong.extend(differences.into_iter().map(|difference| format!("{} ({}): {difference}", file.name, file.what)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_wire_file_names_its_source() {
    for file in WireFile::all() {
        assert!(file.source.starts_with('[') && file.source.ends_with(']'), "{}: {}", file.name, file.source);
    }
}
