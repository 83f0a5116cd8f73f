//! What several pages draw: data in, shapes and words out. Each is a template of its own: a page writes `{{ strip|safe }}`.

pub(in crate::web) mod badge;
pub(in crate::web) mod strip;
