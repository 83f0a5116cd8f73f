//! Users, sessions, invitations and API tokens.

use std::sync::Arc;
use std::time::Duration;

use heartbeat::auth::{AccountError, Accounts, Authenticator};
use heartbeat::clock::{Clock, Speed};
use heartbeat::config::access::{TokenSpec, UserSpec};
use heartbeat::model::{ApiToken, AuditEntry, Digest, Invitation, Role, Secret, Timestamp, TokenId, User, UserId, UserName};
use heartbeat::store::{AuditFilter, Checked, Store, StoreError};

use super::bed::Bed;
use super::samples::{START, audit_entry, name};

over_both!(
    users_come_by_name_and_as_they_were_put,
    a_user_keeps_number_and_password_when_the_access_changes,
    a_new_password_closes_the_sessions_of_that_user_alone,
    a_removed_user_takes_sessions_and_invitation_along,
    a_session_is_there_until_it_is_over,
    a_used_session_goes_on_and_one_that_is_over_does_not,
    a_session_shows_what_its_user_may_do_now,
    sessions_that_are_over_go_when_another_is_opened,
    nobody_opens_a_session_for_a_user_who_is_gone,
    an_invitation_is_accepted_once,
    of_two_that_accept_at_once_one_does,
    an_invitation_that_is_over_is_none,
    an_invitation_for_a_user_is_for_no_other,
    an_invitation_for_a_new_user_takes_nobody_over,
    a_new_invitation_replaces_the_one_before,
    a_token_lets_in_until_it_is_over_or_removed,
    the_use_of_a_token_is_written_once_a_minute,
    what_the_command_line_makes_lasts_beside_a_fast_service,
    each_change_of_access_is_audited_and_none_that_was_not_made,
    what_another_change_outran_is_not_written,
    two_who_demote_each_other_do_not_both_succeed,
    no_secret_text_stands_in_the_database,
    damaged_rows_are_named,
);

fn now() -> Timestamp {
    START.start()
}

fn later(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn user_name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn hash(text: &str) -> Secret {
    Secret::new(&format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${text}"))
}

/// A user with a password.
async fn put(store: &Store, text: &str, role: Role) -> UserId {
    store.put_user(&user_name(text), role, Some(&hash(text)), now(), (&audit_entry(&format!("user {text}"))).into()).await.unwrap()
}

async fn open(store: &Store, token: &str, user: UserId, seconds: u64) {
    store.open_session(&Digest::of(token), user, now(), later(seconds), false).await.unwrap();
}

async fn is_open(store: &Store, token: &str, at: Timestamp) -> bool {
    store.session(&Digest::of(token), at).await.unwrap().is_some()
}

async fn is_invited(store: &Store, token: &str) -> bool {
    store.invitation(&Digest::of(token), now()).await.unwrap().is_some()
}

fn invitation(user: Option<&str>, role: Role) -> Invitation {
    Invitation { user: user.map(user_name), role, until: later(60) }
}

async fn accept(store: &Store, token: &str, user: &str, at: Timestamp) -> Option<UserId> {
    store.accept(&Digest::of(token), &user_name(user), &hash("accepted"), at, &audit_entry("user")).await.unwrap()
}

async fn password(store: &Store, user: &str) -> Option<Secret> {
    store.user(&user_name(user)).await.unwrap().unwrap().1
}

fn token(until: Option<Timestamp>) -> ApiToken {
    ApiToken {
        id: TokenId(0),
        name: "deployment ü".into(),
        role: Role::Editor,
        made_by: "ann".into(),
        created: now(),
        last_used: None,
        until,
    }
}

async fn all_audit_entries(store: &Store) -> Vec<AuditEntry> {
    store.audit_entries(&AuditFilter::default()).await.unwrap()
}

async fn users_come_by_name_and_as_they_were_put(bed: Bed) {
    let store = bed.open().await;
    assert_eq!((store.users().await.unwrap(), store.user(&user_name("ann")).await.unwrap()), (vec![], None));
    let ben = put(&store, "ben@example.com", Role::Viewer).await;
    let ann = store.put_user(&user_name("ann"), Role::Editor, None, later(1), (&audit_entry("user ann")).into()).await.unwrap();
    let ann = User { id: ann, name: user_name("ann"), role: Role::Editor, has_password: false, created: later(1), last_login: None };
    let ben =
        User { id: ben, name: user_name("ben@example.com"), role: Role::Viewer, has_password: true, created: now(), last_login: None };
    assert_eq!(store.users().await.unwrap(), [ann.clone(), ben.clone()]);
    assert_eq!(store.user(&ann.name).await.unwrap(), Some((ann, None)));
    assert_eq!(store.user(&ben.name).await.unwrap(), Some((ben, Some(hash("ben@example.com")))));
    assert_eq!(store.user(&user_name("Ann")).await.unwrap(), None);
}

async fn a_user_keeps_number_and_password_when_the_access_changes(bed: Bed) {
    let store = bed.open().await;
    let id = put(&store, "ann", Role::Editor).await;
    open(&store, "token", id, 60).await;
    let again = store.put_user(&user_name("ann"), Role::Viewer, None, later(9), (&audit_entry("user ann")).into()).await.unwrap();
    let (ann, secret) = store.user(&user_name("ann")).await.unwrap().unwrap();
    assert_eq!((again, ann.id, ann.role, ann.created, secret), (id, id, Role::Viewer, now(), Some(hash("ann"))));
    assert!(is_open(&store, "token", now()).await);
}

async fn a_new_password_closes_the_sessions_of_that_user_alone(bed: Bed) {
    let store = bed.open().await;
    let (ann, ben) = (put(&store, "ann", Role::Editor).await, put(&store, "ben", Role::Viewer).await);
    for (token, user) in [("a1", ann), ("a2", ann), ("b", ben)] {
        open(&store, token, user, 60).await;
    }
    store.put_user(&user_name("ann"), Role::Editor, Some(&hash("new")), now(), (&audit_entry("user ann")).into()).await.unwrap();
    assert_eq!(password(&store, "ann").await, Some(hash("new")));
    for (token, stays) in [("a1", false), ("a2", false), ("b", true)] {
        assert_eq!(is_open(&store, token, now()).await, stays, "{token}");
    }
}

async fn a_removed_user_takes_sessions_and_invitation_along(bed: Bed) {
    let store = bed.open().await;
    let (ann, ben) = (put(&store, "ann", Role::Editor).await, put(&store, "ben", Role::Viewer).await);
    open(&store, "a", ann, 60).await;
    open(&store, "b", ben, 60).await;
    for (token, user) in [("to ann", Some("ann")), ("to ben", Some("ben")), ("to anybody", None)] {
        store.invite(&Digest::of(token), &invitation(user, Role::Editor)).await.unwrap();
    }
    assert!(store.drop_user(&user_name("ann"), (&audit_entry("user ann")).into()).await.unwrap());
    assert_eq!(store.users().await.unwrap().len(), 1);
    assert_eq!((is_open(&store, "a", now()).await, is_open(&store, "b", now()).await), (false, true));
    assert!(!is_invited(&store, "to ann").await);
    assert!(is_invited(&store, "to ben").await && is_invited(&store, "to anybody").await);
    // A user who comes back under the same name is another user.
    assert_ne!(put(&store, "ann", Role::Viewer).await, ann);
    assert!(!is_open(&store, "a", now()).await);
}

async fn a_session_is_there_until_it_is_over(bed: Bed) {
    let store = bed.open().await;
    let ann = put(&store, "ann", Role::Editor).await;
    store.open_session(&Digest::of("token"), ann, later(1), later(60), true).await.unwrap();
    let session = store.session(&Digest::of("token"), later(59)).await.unwrap().unwrap();
    assert_eq!((session.opened, session.last_used, session.until, session.by_proxy), (later(1), later(1), later(60), true));
    let (user, _) = store.user(&user_name("ann")).await.unwrap().unwrap();
    assert_eq!((user.last_login, &session.user, session.digest), (Some(later(1)), &user, Digest::of("token")));
    assert_eq!(store.session(&Digest::of("another"), later(59)).await.unwrap(), None);
    assert!(!is_open(&store, "token", later(60)).await);
    store.close_session(&Digest::of("another")).await.unwrap();
    assert!(is_open(&store, "token", now()).await);
    store.close_session(&Digest::of("token")).await.unwrap();
    assert!(!is_open(&store, "token", now()).await);
}

async fn a_used_session_goes_on_and_one_that_is_over_does_not(bed: Bed) {
    let store = bed.open().await;
    let ann = put(&store, "ann", Role::Editor).await;
    open(&store, "token", ann, 60).await;
    store.use_session(&Digest::of("token"), later(59), later(119)).await.unwrap();
    let session = store.session(&Digest::of("token"), later(118)).await.unwrap().unwrap();
    assert_eq!((session.opened, session.last_used, session.until), (now(), later(59), later(119)));
    store.use_session(&Digest::of("token"), later(119), later(999)).await.unwrap();
    assert!(!is_open(&store, "token", later(119)).await);
}

async fn a_session_shows_what_its_user_may_do_now(bed: Bed) {
    let store = bed.open().await;
    let ann = put(&store, "ann", Role::Editor).await;
    open(&store, "token", ann, 60).await;
    store.put_user(&user_name("ann"), Role::Viewer, None, now(), (&audit_entry("user ann")).into()).await.unwrap();
    let session = store.session(&Digest::of("token"), now()).await.unwrap().unwrap();
    assert_eq!(session.user.role, Role::Viewer);
}

async fn sessions_that_are_over_go_when_another_is_opened(bed: Bed) {
    let store = bed.open().await;
    let ann = put(&store, "ann", Role::Editor).await;
    open(&store, "short", ann, 10).await;
    open(&store, "long", ann, 60).await;
    store.open_session(&Digest::of("third"), ann, later(10), later(60), false).await.unwrap();
    // Asked as of a time at which it was not over: the row itself is gone.
    assert!(!is_open(&store, "short", now()).await);
    assert!(is_open(&store, "long", now()).await && is_open(&store, "third", now()).await);
}

async fn nobody_opens_a_session_for_a_user_who_is_gone(bed: Bed) {
    let store = bed.open().await;
    let ann = put(&store, "ann", Role::Editor).await;
    store.drop_user(&user_name("ann"), (&audit_entry("user ann")).into()).await.unwrap();
    open(&store, "token", ann, 60).await;
    assert!(!is_open(&store, "token", now()).await);
}

async fn an_invitation_is_accepted_once(bed: Bed) {
    let store = bed.open().await;
    let digest = Digest::of("link");
    store.invite(&digest, &invitation(None, Role::Editor)).await.unwrap();
    assert_eq!(store.invitation(&digest, now()).await.unwrap(), Some(invitation(None, Role::Editor)));
    let id = accept(&store, "link", "ann", now()).await.unwrap();
    let (ann, secret) = store.user(&user_name("ann")).await.unwrap().unwrap();
    assert_eq!((ann.id, ann.role, secret), (id, Role::Editor, Some(hash("accepted"))));
    assert_eq!(store.invitation(&digest, now()).await.unwrap(), None);
    assert_eq!(accept(&store, "link", "eve", now()).await, None);
    assert_eq!(store.users().await.unwrap().len(), 1);
}

async fn of_two_that_accept_at_once_one_does(bed: Bed) {
    let (one, other) = (bed.open().await, bed.open().await);
    one.invite(&Digest::of("link"), &invitation(None, Role::Editor)).await.unwrap();
    let (ann, eve) = tokio::join!(accept(&one, "link", "ann", now()), accept(&other, "link", "eve", now()));
    assert!(ann.is_some() != eve.is_some(), "{ann:?} {eve:?}");
    assert_eq!(one.users().await.unwrap().len(), 1);
}

async fn an_invitation_that_is_over_is_none(bed: Bed) {
    let store = bed.open().await;
    store.invite(&Digest::of("link"), &invitation(None, Role::Editor)).await.unwrap();
    assert!(store.invitation(&Digest::of("link"), later(59)).await.unwrap().is_some());
    assert!(store.invitation(&Digest::of("link"), later(60)).await.unwrap().is_none());
    assert_eq!(accept(&store, "link", "ann", later(60)).await, None);
    assert_eq!(store.users().await.unwrap(), []);
}

async fn an_invitation_for_a_user_is_for_no_other(bed: Bed) {
    let store = bed.open().await;
    let (ann, ben) = (put(&store, "ann", Role::Viewer).await, put(&store, "ben", Role::Editor).await);
    open(&store, "a", ann, 60).await;
    open(&store, "b", ben, 60).await;
    store.invite(&Digest::of("link"), &invitation(Some("ann"), Role::Editor)).await.unwrap();
    assert_eq!(accept(&store, "link", "ben", now()).await, None);
    assert_eq!(password(&store, "ben").await, Some(hash("ben")));
    // It was not used up by that, and it lets nobody do more than before.
    assert_eq!(accept(&store, "link", "ann", now()).await, Some(ann));
    assert_eq!(password(&store, "ann").await, Some(hash("accepted")));
    assert_eq!(store.user(&user_name("ann")).await.unwrap().unwrap().0.role, Role::Viewer);
    assert_eq!((is_open(&store, "a", now()).await, is_open(&store, "b", now()).await), (false, true));
}

async fn an_invitation_for_a_new_user_takes_nobody_over(bed: Bed) {
    let store = bed.open().await;
    put(&store, "ann", Role::Editor).await;
    store.invite(&Digest::of("link"), &invitation(None, Role::Viewer)).await.unwrap();
    assert_eq!(accept(&store, "link", "ann", now()).await, None);
    assert_eq!(password(&store, "ann").await, Some(hash("ann")));
    assert!(accept(&store, "link", "ben", now()).await.is_some());
}

async fn a_new_invitation_replaces_the_one_before(bed: Bed) {
    let store = bed.open().await;
    for (token, user) in [("first", None), ("to ann", Some("ann")), ("second", None), ("to ann again", Some("ann"))] {
        store.invite(&Digest::of(token), &invitation(user, Role::Viewer)).await.unwrap();
    }
    for (token, stays) in [("first", false), ("to ann", false), ("second", true), ("to ann again", true)] {
        assert_eq!(is_invited(&store, token).await, stays, "{token}");
    }
}

async fn a_token_lets_in_until_it_is_over_or_removed(bed: Bed) {
    let store = bed.open().await;
    let ends = store.put_token(&Digest::of("ends"), &token(Some(later(60))), (&audit_entry("API token")).into()).await.unwrap();
    let stays = store
        .put_token(&Digest::of("stays"), &ApiToken { role: Role::Viewer, ..token(None) }, (&audit_entry("API token")).into())
        .await
        .unwrap();
    let all = store.tokens().await.unwrap();
    assert_eq!(all, [ApiToken { id: ends, ..token(Some(later(60))) }, ApiToken { id: stays, role: Role::Viewer, ..token(None) }]);
    assert_eq!(store.token(&Digest::of("ends"), later(59)).await.unwrap().unwrap().id, ends);
    assert_eq!(store.token(&Digest::of("ends"), later(60)).await.unwrap(), None);
    assert_eq!(store.token(&Digest::of("nobody's"), now()).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap().len(), 2, "one that is over is still shown");
    assert!(store.drop_token(stays, (&audit_entry("API token")).into()).await.unwrap());
    assert_eq!(store.token(&Digest::of("stays"), now()).await.unwrap(), None);
    assert!(!store.drop_token(stays, (&audit_entry("API token")).into()).await.unwrap());
}

async fn the_use_of_a_token_is_written_once_a_minute(bed: Bed) {
    let store = bed.open().await;
    store.put_token(&Digest::of("token"), &token(None), (&audit_entry("API token")).into()).await.unwrap();
    for (at, written) in [(0, 0), (59, 0), (60, 60), (61, 60), (500, 500)] {
        let used = store.token(&Digest::of("token"), later(at)).await.unwrap().unwrap();
        assert_eq!(used.last_used, Some(later(written)), "{at}");
        assert_eq!(store.tokens().await.unwrap()[0].last_used, Some(later(written)), "{at}");
    }
}

async fn each_change_of_access_is_audited_and_none_that_was_not_made(bed: Bed) {
    let store = bed.open().await;
    put(&store, "ann", Role::Editor).await;
    let id = store.put_token(&Digest::of("token"), &token(None), (&audit_entry("API token deployment")).into()).await.unwrap();
    store.drop_token(id, (&audit_entry("API token deployment")).into()).await.unwrap();
    store.invite(&Digest::of("link"), &invitation(None, Role::Viewer)).await.unwrap();
    store.accept(&Digest::of("link"), &user_name("ben"), &hash("ben"), now(), &audit_entry("user ben")).await.unwrap();
    store.drop_user(&user_name("ann"), (&audit_entry("user ann")).into()).await.unwrap();
    let told = ["user ann", "user ben", "API token deployment", "API token deployment", "user ann"];
    assert_eq!(all_audit_entries(&store).await.iter().map(|audit_entry| audit_entry.subject.as_str()).collect::<Vec<_>>(), told);
    // Nothing of this is done, so there is no audit entry.
    assert!(!store.drop_user(&user_name("nobody"), (&audit_entry("user nobody")).into()).await.unwrap());
    assert!(!store.drop_token(TokenId(999), (&audit_entry("API token")).into()).await.unwrap());
    assert_eq!(accept(&store, "link", "eve", now()).await, None);
    assert_eq!(all_audit_entries(&store).await.len(), told.len());
}

/// A change that was made from an outdated state is rejected as a whole: neither it nor its audit entry is written.
async fn what_another_change_outran_is_not_written(bed: Bed) {
    let store = bed.open().await;
    put(&store, "ann", Role::Editor).await;
    let id = store.put_token(&Digest::of("token"), &token(None), (&audit_entry("API token")).into()).await.unwrap();
    let now_at = store.revision().await.unwrap();
    let (before, audit_entry) =
        ((store.users().await.unwrap(), store.tokens().await.unwrap(), all_audit_entries(&store).await), audit_entry("late"));
    let late = Checked { audit_entry: &audit_entry, expected: Some(now_at - 1) };
    let ann = user_name("ann");
    let outrun = [
        store.put_user(&ann, Role::Viewer, None, now(), late).await.map(drop),
        store.put_user(&user_name("new"), Role::Viewer, None, now(), late).await.map(drop),
        store.drop_user(&ann, late).await.map(drop),
        store.put_token(&Digest::of("another"), &token(None), late).await.map(drop),
        store.drop_token(id, late).await.map(drop),
    ];
    assert!(outrun.iter().all(|done| matches!(done, Err(StoreError::Outrun))), "{outrun:?}");
    assert_eq!((store.users().await.unwrap(), store.tokens().await.unwrap(), all_audit_entries(&store).await), before);
    assert_eq!(store.revision().await.unwrap(), now_at);
    store.put_user(&ann, Role::Viewer, None, now(), Checked { expected: Some(now_at), ..late }).await.unwrap();
    assert_eq!(store.user(&ann).await.unwrap().unwrap().0.role, Role::Viewer);
}

/// The command line runs in real time, and a service may not.
async fn what_the_command_line_makes_lasts_beside_a_fast_service(bed: Bed) {
    let store = bed.open().await;
    let of = |clock| Authenticator { store: Arc::clone(&store), clock };
    let (line, service) = (of(Clock::system()), of(Clock::fast(Speed::parse("60").unwrap())));
    assert!(service.clock.now() > line.clock.now().plus(Duration::from_hours(24 * 365)));
    let code = line.invite(None, Role::Editor).await.unwrap();
    assert!(service.invitation(&code).await.unwrap().is_some());
    assert!(service.accept(&code, &user_name("ann"), &Secret::new("correct horse battery")).await.unwrap().is_some());
    let spec = TokenSpec { name: name("dbt"), role: Role::Viewer, lasts: Some(Duration::from_hours(1)) };
    let token = line.make_token(&spec, ("test", None)).await.unwrap();
    assert!(service.token(&token).await.unwrap().is_some());
    // And the other way round.
    let code = service.invite(None, Role::Editor).await.unwrap();
    assert!(line.invitation(&code).await.unwrap().is_some());
    let until = store.tokens().await.unwrap()[0].until.unwrap();
    assert!(until < Clock::system().now().plus(Duration::from_hours(2)), "{until}");
}

/// However they meet, an editor remains.
async fn two_who_demote_each_other_do_not_both_succeed(bed: Bed) {
    let store = bed.open().await;
    let ann = user_name("ann");
    let demotion = UserSpec { name: user_name("ben"), role: Some(Role::Viewer) };
    for round in 0..5 {
        put(&store, "ann", Role::Editor).await;
        put(&store, "ben", Role::Editor).await;
        let authenticator = |store| Authenticator { store, clock: Clock::system() };
        let (one, other) = (authenticator(bed.open().await), authenticator(bed.open().await));
        let (one, other) = (Accounts::of(&one, "ann"), Accounts::of(&other, "ben"));
        let done = tokio::join!(one.set(&demotion), other.remove(&ann));
        let writers = store.users().await.unwrap().into_iter().filter(|user| user.role == Role::Editor).count();
        assert_eq!(writers, 1, "round {round}: {done:?}");
        let rejected = [done.0.err(), done.1.err()].into_iter().flatten().collect::<Vec<_>>();
        assert!(matches!(rejected[..], [AccountError::LastWriter(_) | AccountError::NoUser(_)]), "round {round}: {rejected:?}");
    }
}

async fn no_secret_text_stands_in_the_database(bed: Bed) {
    let store = bed.open().await;
    let ann = put(&store, "ann", Role::Editor).await;
    open(&store, "session-0123456789", ann, 60).await;
    store.put_token(&Digest::of("token-0123456789"), &token(None), (&audit_entry("API token")).into()).await.unwrap();
    store.invite(&Digest::of("invitation-0123456789"), &invitation(None, Role::Viewer)).await.unwrap();
    assert!(bed.holds("deployment").await, "this reads what is stored");
    for secret in ["session-0123456789", "token-0123456789", "invitation-0123456789"] {
        assert!(!bed.holds(secret).await, "{secret}");
    }
    assert!(!format!("{:?}", store.user(&user_name("ann")).await.unwrap()).contains("argon2"));
    assert!(!format!("{:?}", Digest::of("token-0123456789")).contains(char::is_numeric));
}

async fn damaged_rows_are_named(bed: Bed) {
    let store = bed.open().await;
    put(&store, "ann", Role::Editor).await;
    store.put_token(&Digest::of("token"), &token(None), (&audit_entry("API token")).into()).await.unwrap();
    store.invite(&Digest::of("link"), &invitation(Some("ann"), Role::Viewer)).await.unwrap();
    bed.execute("UPDATE users SET role = 9").await;
    bed.execute("UPDATE api_tokens SET role = -1").await;
    let said = store.users().await.unwrap_err().to_string();
    assert_eq!(said, "user ann: its role in the database cannot be read");
    let said = store.tokens().await.unwrap_err().to_string();
    assert!(said.ends_with("its role in the database cannot be read"), "{said}");
    bed.execute("UPDATE invitations SET user_name = 'not a name'").await;
    let said = store.invitation(&Digest::of("link"), now()).await.unwrap_err().to_string();
    assert_eq!(said, "the invitation for user not a name: its user_name in the database cannot be read");
}
