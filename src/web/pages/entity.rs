//! The forms that add, change and remove an entity that is nothing but its fields: a maintenance window, a status page.

use askama::Template;
use axum::extract::Path;

use super::confirm::Confirm;
use super::submitted::{offered, problems_of, problems_of_new, saved};
use crate::config::{Origin, Problem, Problems, Texts};
use crate::message::sentence;
use crate::model::{Field, Timestamp};
use crate::settings::{ChangeError, StoredEntity};
use crate::web::control::{Control, Form};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, Place, form_again, page};
use crate::web::said::go_on;
use crate::web::site::Site;

/// Some fields of a form under a heading.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) hint: &'static str,
    pub(super) keys: &'static [&'static str],
}

pub(super) trait FormEntity: StoredEntity {
    const PLACE: Place;
    /// Title and address of the list.
    const LIST: (&'static str, &'static str);
    const FIELDS: &'static [Field];
    /// Fields that are in none of these come first.
    const PARTS: &'static [Part] = &[];

    fn title(&self) -> String;

    /// In a form that can be submitted again.
    fn value(&self, key: &str) -> Option<String>;

    /// What its removal changes, in one paragraph.
    fn loss(&self, now: Timestamp) -> String;

    fn read(texts: Texts, stored: Option<&Self>, origin: Origin) -> Result<Self, Problems> {
        Self::over(&texts, stored, origin)
    }
}

#[derive(Template)]
#[template(path = "entity_form.html")]
struct FormPage {
    layout: Layout,
    fields: Form,
    parts: &'static [Part],
    button: String,
    back: &'static str,
}

impl FormPage {
    async fn of<T: FormEntity>(site: &Site, layout: Layout, stored: Option<&T>) -> Result<Self, WebError> {
        // A name cannot be changed.
        let fields = T::FIELDS.iter().filter(|field| field.key != "name" || stored.is_none());
        let fields = Form::of(fields, |field| stored.and_then(|stored| stored.value(field.key))).offering(offered(site).await?);
        let kind = T::KIND.called();
        let title = stored.map_or_else(|| format!("New {kind}"), T::title);
        let button = if stored.is_some() { "Save".to_owned() } else { format!("Add {kind}") };
        Ok(Self { layout: layout.titled(T::PLACE, title).below([T::LIST]), fields, parts: T::PARTS, button, back: T::LIST.1 })
    }

    fn outside(&self) -> impl Iterator<Item = &Control> {
        self.fields.controls.iter().filter(|control| self.parts.iter().all(|part| !part.keys.contains(&control.key)))
    }

    /// In the order of the part.
    fn within(&self, part: &Part) -> impl Iterator<Item = &Control> {
        part.keys.iter().filter_map(|key| self.fields.controls.iter().find(|control| control.key == *key))
    }

    fn rejected(self, form: &Filled, problems: &[Problem]) -> Answer {
        form_again(&Self { fields: self.fields.filled(form, problems), ..self })
    }
}

pub(super) async fn new<T: FormEntity>(editing: Editing) -> Answer {
    page(&FormPage::of::<T>(&editing.site, editing.layout, None).await?)
}

pub(super) async fn edit<T: FormEntity>(editing: Editing, Path(name): Path<String>) -> Answer {
    let stored: T = editing.settings_service().find(&name).await?;
    page(&FormPage::of(&editing.site, editing.layout, Some(&stored)).await?)
}

pub(super) async fn add<T: FormEntity>(editing: Editing, form: Filled) -> Answer {
    submit::<T>(editing, None, &form).await
}

pub(super) async fn change<T: FormEntity>(editing: Editing, Path(name): Path<String>, form: Filled) -> Answer {
    let stored: T = editing.settings_service().find(&name).await?;
    submit(editing, Some(stored), &form).await
}

async fn submit<T: FormEntity>(editing: Editing, stored: Option<T>, form: &Filled) -> Answer {
    let Editing { site, layout, visitor } = editing;
    let shown = FormPage::of(&site, layout, stored.as_ref()).await?;
    let texts = shown.fields.texts(form);
    let read = |stored: Option<&T>| T::read(texts.clone(), stored, site.origin()).map_err(ChangeError::from);
    let settings_service = visitor.settings_service(&site);
    let done = match &stored {
        Some(stored) => settings_service.change(stored.name().as_str(), |stored: &T| read(Some(stored))).await,
        None => match read(None) {
            Ok(one) => settings_service.add(one).await,
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(done) => {
            let how = if stored.is_some() { "saved" } else { "added" };
            let words = sentence(&format!("{} {} is {how}", T::KIND.called(), done.now.name()));
            Ok(saved(&site, T::LIST.1, &done, &words))
        }
        Err(error) => shown.rejected(form, &if stored.is_some() { problems_of(error)? } else { problems_of_new(error)? }),
    }
}

pub(super) async fn ask<T: FormEntity>(editing: Editing, Path(name): Path<String>) -> Answer {
    let stored: T = editing.settings_service().find(&name).await?;
    let layout = editing.layout.titled(T::PLACE, format!("Remove {name}")).below([T::LIST]);
    let loss = stored.loss(layout.now);
    Confirm::removal(layout, name, loss, T::LIST.1).page()
}

pub(super) async fn remove<T: FormEntity>(editing: Editing, Path(name): Path<String>, _form: Filled) -> Answer {
    removed::<T>(&editing, &name, T::LIST.1).await
}

/// Removes any entity; `place` is the next page.
pub(super) async fn removed<T: StoredEntity>(editing: &Editing, name: &str, place: &str) -> Answer {
    editing.settings_service().remove::<T>(name).await?;
    Ok(go_on(&editing.site, place, &sentence(&format!("{} {name} is removed", T::KIND.called()))))
}
