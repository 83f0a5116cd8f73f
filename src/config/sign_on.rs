//! `[web.oidc]`: the issuer for single sign-on, and which of its users are allowed.

use crate::model::{Allowed, Invalid, IssuerAddress, NameClaim, Role, Secret, SignOn};

use super::key_fields::CLIENT_SECRET;
use super::keys::{Given, KeyPlaces};
use super::section::Section;
use super::{Scope, rules};

const LONGEST_TITLE: usize = 60;
const LONGEST_ID: usize = 500;

/// A secret that is only named is resolved with [`Scope::Everything`] alone.
pub(super) fn read(section: Section<'_>, places: KeyPlaces<'_>, scope: Scope) -> Option<SignOn> {
    let section = section.titled("web.oidc");
    let issuer = section.required("issuer", "https://id.example.com", IssuerAddress::parse);
    let client_id = section.required("client_id", "heartbeat", client_id);
    let given = Given::of(CLIENT_SECRET, &section).filter(|_| scope == Scope::Everything);
    let client_secret = given.and_then(|given| given.read(&section, places, client_secret));
    let allowed = section.list("allowed", Allowed::parse);
    if !section.has("allowed") || section.is_empty_list("allowed") {
        let advice = "give the allowed users, for example [\"@example.com\"], or [\"*\"] for every user of the issuer";
        section.wrong("allowed", if section.has("allowed") { Invalid::Empty(advice) } else { Invalid::missing(advice) });
    }
    let claim = section.read("claim", claim).unwrap_or(NameClaim::Email);
    let role = section.read("role", Role::parse).unwrap_or(Role::Viewer);
    let title = section.read("title", |text| rules::one_line(text, LONGEST_TITLE));
    section.finish();
    let (issuer, client_id) = (issuer?, client_id?);
    let title = title.unwrap_or_else(|| issuer.host().to_owned());
    Some(SignOn { issuer, client_id, client_secret, allowed, claim, role, title })
}

/// The secret is not quoted in errors.
pub(super) fn client_secret(text: &str) -> Result<Secret, Invalid> {
    let text = text.trim();
    rules::not_a_placeholder(text)?;
    if text.is_empty() {
        return Err(Invalid::Empty("remove it if Heartbeat is a public client at the issuer"));
    }
    if text.len() > LONGEST_ID || text.chars().any(char::is_control) {
        return Err(Invalid::unquoted("is not a client secret: it must be one line of at most 500 bytes"));
    }
    Ok(Secret::new(text))
}

fn client_id(text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    let is_id =
        !text.is_empty() && text.len() <= LONGEST_ID && !text.contains(|letter: char| letter.is_control() || letter.is_whitespace());
    let wrong = || Invalid::malformed(&text.chars().take(80).collect::<String>(), "the client id from the issuer");
    is_id.then(|| text.to_owned()).ok_or_else(wrong)
}

fn claim(text: &str) -> Result<NameClaim, Invalid> {
    NameClaim::named(text.trim()).ok_or_else(|| Invalid::choice(text, &["email", "preferred_username"]))
}
