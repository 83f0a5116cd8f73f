//! The page that asks before something is removed.

use askama::Template;

use crate::web::layout::{Answer, Layout, page};

#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm {
    pub(super) layout: Layout,
    /// `shop` for `Remove shop?`.
    pub(super) what: String,
    pub(super) verb: &'static str,
    /// Why nothing else can be done with it.
    pub(super) alert: Option<String>,
    /// What is lost, one paragraph each.
    pub(super) says: Vec<String>,
    /// The address that removes it; empty if it is the address of this page.
    pub(super) action: String,
    pub(super) back: String,
}

impl Confirm {
    pub(super) fn removal(layout: Layout, what: impl Into<String>, says: impl Into<String>, back: impl Into<String>) -> Self {
        let (what, says, back) = (what.into(), vec![says.into()], back.into());
        Self { layout, what, verb: "Remove", alert: None, says, action: String::new(), back }
    }

    pub(super) fn page(&self) -> Answer {
        page(self)
    }
}
