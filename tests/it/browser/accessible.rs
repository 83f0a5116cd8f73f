//! What axe finds on a page: who cannot use it, and why.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

use super::visitor::Visitor;

/// The rules of WCAG 2.1 up to AA, and what is good practice beside them.
const RUN: &str = "axe.run(document, {
    runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']},
    resultTypes: ['violations'],
}).then(found => found.violations.map(rule => ({
    id: rule.id, impact: rule.impact, help: rule.help,
    nodes: rule.nodes.map(node => ({html: node.html, why: node.failureSummary})),
})))";

static AXE: LazyLock<String> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(".node/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file)
        .unwrap_or_else(|why| panic!("{}: {why}: run bin/test, which sets up what the tests need", file.display()))
});

impl Visitor {
    /// What axe finds wrong with the page as it is now: a rule a line, and below it where.
    pub(crate) async fn barriers(&self) -> Vec<String> {
        // Where script is off, that is so for the page's own, which is past now. Axe needs it.
        self.allow_script(true).await;
        self.evaluate(&format!("{}; 0", *AXE)).await;
        let found = self.evaluate(RUN).await;
        self.allow_script(self.has_script()).await;
        found.as_array().unwrap().iter().map(told).collect()
    }

    /// Fails when axe finds anything.
    pub(crate) async fn is_for_everybody(&self) {
        let found = self.barriers().await;
        assert!(found.is_empty(), "at {} axe finds:\n{}", self.path().await, found.join("\n"));
    }
}

fn told(rule: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('\n', " ");
    let mut told = format!("{} ({}): {}", text(&rule["id"]), text(&rule["impact"]), text(&rule["help"]));
    for node in rule["nodes"].as_array().unwrap().iter().take(5) {
        let _ = write!(told, "\n    {}\n        {}", text(&node["html"]), text(&node["why"]));
    }
    told
}
