//! The forms that add, change and remove an entity that is nothing but its fields: a maintenance window, a status page.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::confirm::Confirm;
use super::submitted::{again, offered, problems_of_new, saved};
use crate::config::{Group, Origin, Problems, Texts};
use crate::message::sentence;
use crate::model::{Field, Timestamp};
use crate::settings::{ChangeError, Done, SettingsService, StoredEntity};
use crate::web::control::{Control, Form};
use crate::web::error::WebError;
use crate::web::form::Filled;
use crate::web::layout::{Answer, Editing, Layout, Place, drawn, form_again, page};
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

async fn fields<T: FormEntity>(site: &Site, stored: Option<&T>) -> Result<Form, WebError> {
    // A name cannot be changed.
    let fields = T::FIELDS.iter().filter(|field| field.key != "name" || stored.is_none());
    let fields = Form::of(fields, |field| stored.and_then(|stored| stored.value(field.key))).offering(offered(site).await?);
    Ok(match stored {
        Some(stored) => fields.versioned(&site.web.store, stored, &Group::Whole),
        None => fields,
    })
}

impl FormPage {
    fn of<T: FormEntity>(layout: Layout, stored: Option<&T>, fields: Form) -> Self {
        let kind = T::KIND.called();
        let title = stored.map_or_else(|| format!("New {kind}"), T::title);
        let button = if stored.is_some() { "Save".to_owned() } else { format!("Add {kind}") };
        Self { layout: layout.titled(T::PLACE, title).below([T::LIST]), fields, parts: T::PARTS, button, back: T::LIST.1 }
    }

    fn outside(&self) -> impl Iterator<Item = &Control> {
        self.fields.controls.iter().filter(|control| self.parts.iter().all(|part| !part.keys.contains(&control.key)))
    }

    /// In the order of the part.
    fn within(&self, part: &Part) -> impl Iterator<Item = &Control> {
        part.keys.iter().filter_map(|key| self.fields.controls.iter().find(|control| control.key == *key))
    }
}

pub(super) async fn new<T: FormEntity>(editing: Editing) -> Answer {
    page(&FormPage::of::<T>(editing.layout, None, fields::<T>(&editing.site, None).await?))
}

pub(super) async fn edit<T: FormEntity>(editing: Editing, Path(name): Path<String>) -> Answer {
    let stored: T = editing.settings_service().find(&name).await?;
    let fields = fields(&editing.site, Some(&stored)).await?;
    page(&FormPage::of(editing.layout, Some(&stored), fields))
}

pub(super) async fn add<T: FormEntity>(Editing { site, layout, visitor }: Editing, form: Filled) -> Answer {
    let fields = fields::<T>(&site, None).await?;
    let added = match T::read(fields.texts(&form), None, site.origin()) {
        Ok(one) => visitor.settings_service(&site).add(one).await,
        Err(problems) => Err(problems.into()),
    };
    match added {
        Ok(done) => Ok(done_with(&site, &done, "added")),
        Err(error) => form_again(&FormPage::of::<T>(layout, None, fields.filled(&form, &problems_of_new(error)?))),
    }
}

pub(super) async fn change<T: FormEntity>(editing: Editing, Path(name): Path<String>, form: Filled) -> Answer {
    let Editing { site, layout, visitor } = editing;
    let settings_service = visitor.settings_service(&site);
    let known: T = settings_service.find(&name).await?;
    let known = fields(&site, Some(&known)).await?;
    let texts = known.texts(&form);
    let desired = |stored: &T| T::read(texts.clone(), Some(stored), site.origin()).map_err(ChangeError::from);
    let from_version = SettingsService { version: known.submitted_version(&form), ..settings_service.clone() };
    match from_version.change(&name, desired).await {
        Ok(done) => Ok(done_with(&site, &done, "saved")),
        Err(error) => {
            let stored: T = settings_service.find(&name).await?;
            let (status, fields) = again(fields(&site, Some(&stored)).await?, &form, error)?;
            Ok(drawn(status, &FormPage::of(layout, Some(&stored), fields)))
        }
    }
}

fn done_with<T: FormEntity>(site: &Site, done: &Done<T>, how: &str) -> Response {
    saved(site, T::LIST.1, done, &sentence(&format!("{} {} is {how}", T::KIND.called(), done.now.name())))
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
