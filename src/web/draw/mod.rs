//! Shapes that several pages use. Each has its own template: a page writes `{{ strip|safe }}`.

pub(in crate::web) mod badge;
pub(in crate::web) mod strip;
