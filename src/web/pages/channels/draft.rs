//! A channel's form: the fields of every channel, and the fields of its kind.

use crate::config::channel::{FIELDS, shown};
use crate::config::{Problem, Texts};
use crate::model::{ChannelKind, ChannelSpec, Message, ProjectName, Timestamp};
use crate::settings::trial;
use crate::web::control::{Control, Wrong};
use crate::web::form::Filled;

#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// The name (of a new channel only) and the fields of the kind.
    pub(super) own: Vec<Control>,
    /// Projects, minimum severity and messages at once.
    pub(super) whom: Vec<Control>,
    /// The templates of title and text.
    pub(super) words: Vec<Control>,
    /// The projects to choose from.
    pub(super) offered: Vec<ProjectName>,
    pub(super) wrong: Wrong,
    /// A rendered sample of every kind of message, if a preview was requested.
    pub(super) samples: Vec<Message>,
}

impl Draft {
    pub(super) fn new(kind: ChannelKind) -> Self {
        let own = kind.fields().iter().map(|field| Control::of(field, None));
        let own = common("name", None).into_iter().chain(own).collect();
        Self { own, ..Self::both(None) }
    }

    pub(super) fn of(spec: &ChannelSpec) -> Self {
        let own = spec.kind.fields().iter().map(|field| Control::of(field, shown(spec, field)));
        Self { own: own.collect(), ..Self::both(Some(spec)) }
    }

    fn both(spec: Option<&ChannelSpec>) -> Self {
        let of = |key: &str| common(key, spec);
        let whom = [of("projects"), of("severity"), of("at_once")];
        let words = [of("title"), of("body").map(Control::long)];
        Self { whom: whom.into_iter().flatten().collect(), words: words.into_iter().flatten().collect(), ..Self::default() }
    }

    pub(super) fn offering(self, offered: Vec<ProjectName>) -> Self {
        Self { offered, ..self }
    }

    /// Whether the templates section opens.
    pub(super) fn is_worded(&self) -> bool {
        !self.samples.is_empty() || self.words.iter().any(|control| !control.value.is_empty() || control.problem.is_some())
    }

    fn controls(&self) -> impl Iterator<Item = &Control> {
        self.own.iter().chain(&self.whom).chain(&self.words)
    }

    pub(super) fn texts(&self, form: &Filled) -> Texts {
        self.controls().filter_map(|control| Some((control.key, control.given(form)?))).collect()
    }

    pub(super) fn filled(self, form: &Filled, problems: &[Problem]) -> Self {
        let fill = |controls: Vec<Control>| controls.into_iter().map(|control| control.filled(form, problems)).collect();
        let filled = Self { own: fill(self.own), whom: fill(self.whom), words: fill(self.words), ..self };
        let controls: Vec<Control> = filled.controls().cloned().collect();
        Self { wrong: Wrong::of(problems, &controls), ..filled }
    }

    pub(super) fn tried(self, form: &Filled, now: Timestamp) -> Self {
        let first = form.text("projects").split(',').next().and_then(|name| ProjectName::parse(name.trim()).ok());
        let project = first.or_else(|| ProjectName::parse("shop").ok());
        let samples = project.map(|project| trial::rendered(Some(form.raw("title")), Some(form.raw("body")), &project, now));
        Self { samples: samples.unwrap_or_default(), ..self }
    }
}

fn common(key: &str, spec: Option<&ChannelSpec>) -> Option<Control> {
    FIELDS.iter().find(|field| field.key == key).map(|field| Control::of(field, spec.and_then(|spec| shown(spec, field))))
}

/// Only the problems of the templates: a preview needs nothing else.
pub(super) fn of_words(problems: Vec<Problem>) -> Vec<Problem> {
    problems.into_iter().filter(|problem| ["title", "body"].contains(&problem.field.as_str())).collect()
}
