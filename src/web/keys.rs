//! Protects stored keys. A stored key cannot be read, so a user who may change settings must not be able to send it to an address of their choice
//! either: a new address needs the key again.

use crate::config::{Problem, Problems, Texts};
use crate::model::{Invalid, PersonalKey, ProjectSpec};

/// Rejects a new API address without the key.
pub(super) fn of_project(known: &ProjectSpec, changed: ProjectSpec, texts: &Texts) -> Result<ProjectSpec, Problems> {
    let is_kept = changed.personal_key.is_some() && texts.filled("personal_api_key").is_none();
    if is_kept && changed.own_api() != known.own_api() {
        return Err(again("personal_api_key", known.own_api()).into());
    }
    Ok(changed)
}

/// The same for an app: Ingestion Alert can read from another host (`posthogHost`), with a key of its own.
pub(super) fn of_app(known: &ProjectSpec, changed: ProjectSpec, texts: &Texts) -> Result<ProjectSpec, Problems> {
    let is_moved = changed.api() != known.api();
    let (before, now) = (own_key(known), own_key(&changed));
    let (is_exposed, given_for) = if now.is_some() {
        (is_moved && now == before && texts.filled("posthogApiKey").is_none(), known.api())
    } else {
        // The app uses the key of the project.
        let reads_elsewhere = changed.api() != changed.own_api();
        (changed.personal_key.is_some() && reads_elsewhere && (is_moved || before.is_some()), changed.own_api())
    };
    if is_exposed { Err(again("posthogApiKey", given_for).into()) } else { Ok(changed) }
}

fn own_key(spec: &ProjectSpec) -> Option<&PersonalKey> {
    spec.ingestion_alert.as_ref().and_then(|app| app.posthog_api_key.as_ref())
}

fn again(field: &str, given_for: &str) -> Problem {
    Problem::of(field, Invalid::GivenFor { with: "address".into(), given_for: given_for.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::project;
    use crate::model::AppKind;
    use crate::settings::app;

    const ALERT: AppKind = AppKind::IngestionAlert;

    fn texts(given: &[(&str, &str)]) -> Texts {
        given.iter().copied().collect()
    }

    fn shop() -> ProjectSpec {
        let given = [("name", "shop"), ("host", "https://a.example.com"), ("token", "phc_a"), ("personal_api_key", "phx_hunter2")];
        project::added(&texts(&given)).unwrap()
    }

    fn told(changed: Result<ProjectSpec, Problems>) -> Result<(), String> {
        changed.map(drop).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_projects_key_goes_to_no_other_address_unless_it_is_given_again() {
        let told = |given: &[(&str, &str)]| {
            let texts = texts(given);
            told(of_project(&shop(), project::changed(&shop(), &texts).unwrap(), &texts))
        };
        let rejected = "personal_api_key must be given again with the new address: the stored one is for https://a.example.com";
        for moved in [("host", "https://b.example.com"), ("api_host", "https://b.example.com")] {
            assert_eq!(told(&[moved]).as_ref().map_err(String::as_str), Err(rejected));
            assert_eq!(told(&[moved, ("personal_api_key", "phx_hunter3")]), Ok(()));
            assert_eq!(told(&[moved, ("personal_api_key", "")]), Ok(()), "there is no key to expose");
        }
        // Events may go to another host while they are read at the same one.
        assert_eq!(told(&[("host", "https://b.example.com"), ("api_host", "https://a.example.com")]), Ok(()));
    }

    #[test]
    fn an_app_that_reads_elsewhere_needs_a_key_for_there() {
        let bare = app::install(&shop(), ALERT, &Texts::default(), true).unwrap();
        let set = |known: &ProjectSpec, given: &[(&str, &str)]| {
            let texts = texts(given);
            of_app(known, app::configure(known, ALERT, &texts).unwrap(), &texts)
        };
        let evil = ("posthogHost", "https://evil.example");
        let rejected = told(set(&bare, &[evil])).unwrap_err();
        assert!(rejected.starts_with("posthogApiKey must be given") && rejected.contains("https://a.example.com"), "{rejected}");
        assert_eq!(told(set(&bare, &[("timeRange", "45")])), Ok(()));
        assert_eq!(told(set(&bare, &[("posthogHost", "https://a.example.com")])), Ok(()), "the key was given for this address");

        // With its own key it reads elsewhere; without that key, the project's key would be sent there.
        let elsewhere = set(&bare, &[evil, ("posthogApiKey", "phx_b")]).unwrap();
        assert_eq!(told(set(&elsewhere, &[("timeRange", "45")])), Ok(()));
        assert!(told(set(&elsewhere, &[("posthogApiKey", "")])).is_err());
        assert!(told(set(&elsewhere, &[("posthogHost", "https://b.example.com")])).is_err(), "its own key is not sent elsewhere either");
        assert_eq!(told(set(&elsewhere, &[("posthogHost", "https://b.example.com"), ("posthogApiKey", "phx_b")])), Ok(()));
        assert_eq!(told(set(&elsewhere, &[("posthogHost", ""), ("posthogApiKey", "")])), Ok(()), "back to the project's API");

        let fresh = texts(&[evil]);
        assert!(of_app(&shop(), app::install(&shop(), ALERT, &fresh, true).unwrap(), &fresh).is_err(), "nor when it is installed");
        let keyless = ProjectSpec { personal_key: None, ..bare };
        assert_eq!(told(set(&keyless, &[evil])), Ok(()), "there is no key to expose");
    }
}
