//! A channel's form: the fields of its kind, and the fields of every channel.

use axum::http::StatusCode;

use crate::config::channel::{FIELDS, shown};
use crate::config::{Group, Problem};
use crate::model::{ChannelKind, ChannelSpec, Field, Message, ProjectName, Takes, Timestamp};
use crate::settings::{ChangeError, trial};
use crate::store::Store;
use crate::web::control::{Control, Form};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::pages::submitted;

#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) form: Form,
    /// A rendered sample of every kind of message, if a preview was requested.
    pub(super) samples: Vec<Message>,
}

impl Draft {
    pub(super) fn new(kind: ChannelKind) -> Self {
        Self::with(kind, None)
    }

    pub(super) fn of(store: &Store, spec: &ChannelSpec) -> Self {
        let draft = Self::with(spec.kind, Some(spec));
        Self { form: draft.form.versioned(store, spec, &Group::Whole), ..draft }
    }

    /// Name and kind cannot be changed, and a stored channel is enabled by a button.
    fn with(kind: ChannelKind, stored: Option<&ChannelSpec>) -> Self {
        let is_name = |field: &&Field| field.takes == Takes::Name && stored.is_none();
        let common = FIELDS.iter().filter(|field| field.takes != Takes::Name && field.key != "kind");
        let common = common.filter(|field| field.takes != Takes::Flag || stored.is_none());
        let fields = FIELDS.iter().filter(is_name).chain(kind.fields()).chain(common);
        let mut form = Form::of(fields, |field| stored.and_then(|stored| shown(stored, field)));
        form.controls = form.controls.into_iter().map(|control| if control.key == "body" { control.long() } else { control }).collect();
        Self { form, samples: Vec::new() }
    }

    pub(super) fn offering(self, offered: Vec<String>) -> Self {
        Self { form: self.form.offering(offered), ..self }
    }

    pub(super) fn settings(&self) -> impl Iterator<Item = &Control> {
        self.form.controls.iter().filter(|control| !is_of_words(control.key))
    }

    /// The templates of title and text.
    pub(super) fn words(&self) -> impl Iterator<Item = &Control> {
        self.form.controls.iter().filter(|control| is_of_words(control.key))
    }

    /// Whether the templates section opens.
    pub(super) fn is_worded(&self) -> bool {
        !self.samples.is_empty() || self.words().any(|control| !control.value.is_empty() || control.mark().is_some())
    }

    pub(super) fn filled(self, form: &Filled, problems: &[Problem]) -> Self {
        Self { form: self.form.filled(form, problems), ..self }
    }

    /// See [`submitted::again`].
    pub(super) fn again(self, form: &Filled, error: ChangeError) -> Result<(StatusCode, Self), WebError> {
        let (status, form) = submitted::again(self.form, form, error)?;
        Ok((status, Self { form, ..self }))
    }

    /// With samples, and only with the problems of the templates: a preview needs nothing else.
    pub(super) fn tried(self, form: &Filled, problems: impl IntoIterator<Item = Problem>, now: Timestamp) -> Self {
        let of_words: Vec<Problem> = problems.into_iter().filter(|problem| is_of_words(&problem.field)).collect();
        let first = form.text("projects").split(',').next().and_then(|name| ProjectName::parse(name.trim()).ok());
        let project = first.or_else(|| ProjectName::parse("shop").ok());
        let samples = project.map(|project| trial::rendered(Some(form.raw("title")), Some(form.raw("body")), &project, now));
        Self { samples: samples.unwrap_or_default(), ..self.filled(form, &of_words) }
    }
}

fn is_of_words(key: &str) -> bool {
    matches!(key, "title" | "body")
}
