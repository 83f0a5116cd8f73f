//! The store over either database: each question is one line here and one function in the file of its subject.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{
    Access, Acknowledged, ApiToken, AppKind, Channel, ChannelId, Deed, Digest, Entry, Evidence, Glance, Hour, Incident, IncidentId,
    Invitation, Look, Minute, Notice, NoticeState, Project, ProjectId, ProjectName, Recorded, RouteCounts, RouteId, Secret, Session,
    Settled, StatusPage, Timestamp, TokenId, User, UserId, UserName, Window,
};

use super::counts::Failures;
use super::database::Database;
use super::seal::Sealer;
use super::settling::Settling;
use super::statement::Statement;
use super::stretch::Stretch;
use super::{
    Change, ChannelNews, Checked, Notified, Owed, Owing, Reach, Recent, RouteSpan, Spread, Store, StoreError, Tide, Told, Unsettled, Which,
    WhichDeeds, WhichNotices, beats, change, channels, closing, counts, deeds, evidence, glances, hours, incidents, invitations, looks,
    notices, numbers, projects, recent, sessions, shown, status_pages, tide, tokens, users, windows,
};

/// The store over a database that is open.
pub(super) struct Sql {
    pub(super) database: Database,
    pub(super) sealer: Sealer,
    pub(super) settling: Settling,
    pub(super) failures: Failures,
}

#[async_trait]
impl Store for Sql {
    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        projects::projects(&self.database, &self.sealer).await
    }

    async fn projects_named(&self, names: &[ProjectName]) -> Result<Vec<Project>, StoreError> {
        projects::named(&self.database, Some(&self.sealer), names).await
    }

    async fn project_names(&self) -> Result<Vec<(ProjectId, ProjectName)>, StoreError> {
        projects::names(&self.database).await
    }

    async fn spread(&self, app: AppKind) -> Result<Spread, StoreError> {
        projects::spread(&self.database, app).await
    }

    async fn change(&self, wanted: &Change<'_>) -> Result<bool, StoreError> {
        change::change(&self.database, &self.sealer, wanted).await
    }

    async fn tide(&self, project: Option<ProjectId>) -> Result<Tide, StoreError> {
        tide::tide(&self.database, project).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.database.check().await
    }

    async fn revision(&self) -> Result<i64, StoreError> {
        numbers::revision(&self.database).await
    }

    async fn recorded(&self, minute: Minute) -> Result<Vec<RouteId>, StoreError> {
        beats::recorded(&self.database, minute).await
    }

    async fn record(&self, beats: &[Recorded], evidence: &[Evidence]) -> Result<(), StoreError> {
        let mut work = self.database.work("recording beats").await?;
        beats::record(&mut work, beats).await?;
        evidence::keep(&mut work, evidence);
        work.commit().await?;
        self.failures.count(&self.database, beats).await
    }

    async fn counts(&self, projects: &[ProjectId]) -> Result<Vec<RouteCounts>, StoreError> {
        counts::of(&self.database, projects).await
    }

    async fn open_beats(&self, routes: &[RouteId], since: Minute) -> Result<Vec<Recorded>, StoreError> {
        beats::open(&self.database, routes, since).await
    }

    async fn gaps(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<(RouteId, Minute)>, StoreError> {
        beats::gaps(&self.database, routes, Stretch { from, to }).await
    }

    async fn unsettled(&self, routes: &[RouteId], since: Minute, from: Minute, to: Minute) -> Result<Unsettled, StoreError> {
        beats::unsettled(&self.database, routes, since, Stretch { from, to }).await
    }

    async fn settle(&self, look: &Look, settled: &[Settled], evidence: &[Evidence]) -> Result<(), StoreError> {
        self.settling.settle(&self.database, look, settled, evidence).await
    }

    async fn looks(&self) -> Result<Vec<Look>, StoreError> {
        looks::all(&self.database).await
    }

    async fn looks_of(&self, projects: &[ProjectId]) -> Result<Vec<Look>, StoreError> {
        looks::of(&self.database, projects).await
    }

    async fn beats(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Recorded>, StoreError> {
        beats::beats(&self.database, routes, Stretch { from, to }).await
    }

    async fn hours(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Hour>, StoreError> {
        hours::hours(&self.database, routes, Stretch { from, to }).await
    }

    async fn evidence(&self, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Evidence>, StoreError> {
        evidence::evidence(&self.database, routes, Stretch { from, to }).await
    }

    async fn next_beat(&self, from: Minute) -> Result<Option<Minute>, StoreError> {
        beats::next(&self.database, from).await
    }

    async fn longest_wait(&self) -> Result<Duration, StoreError> {
        projects::longest_wait(&self.database).await
    }

    async fn routes_after(&self, after: Option<RouteId>, at_most: u32) -> Result<Vec<RouteId>, StoreError> {
        let statement = Statement::new("SELECT id FROM routes WHERE id > ")
            .bind(after.map_or(i64::MIN, |route| route.0))
            .text(" ORDER BY id LIMIT ")
            .bind(i64::from(at_most));
        self.database.read("listing routes", statement, |row| row.int(0).map(RouteId)).await
    }

    async fn summed_up(&self) -> Result<Option<Minute>, StoreError> {
        numbers::summed_up(&self.database).await
    }

    async fn sum_up(&self, hours: &[Hour], to: Option<Minute>) -> Result<(), StoreError> {
        hours::sum_up(&self.database, hours, to).await
    }

    async fn fold(&self, start: Minute, span: RouteSpan, hours: &[Hour]) -> Result<(), StoreError> {
        let mut work = self.database.work("folding an hour").await?;
        hours::fold(&mut work, start, span, hours).await?;
        work.commit().await
    }

    async fn drop_old(&self, hours_before: Minute, evidence_before: Minute) -> Result<u64, StoreError> {
        let mut work = self.database.work("dropping what is past keeping").await?;
        let dropped = hours::drop_old(&mut work, hours_before, evidence_before).await?;
        work.commit().await?;
        Ok(dropped)
    }

    async fn glances(&self, project: ProjectId, from: Minute, to: Minute) -> Result<Vec<Glance>, StoreError> {
        glances::glances(&self.database, project, Stretch { from, to }).await
    }

    async fn recent(&self, project: ProjectId, routes: &[RouteId], from: Minute, to: Minute, which: &Which) -> Result<Recent, StoreError> {
        recent::recent(&self.database, project, routes, Stretch { from, to }, which).await
    }

    async fn write_incident(&self, incident: &Incident, entries: &[Entry], owed: Owed<'_>) -> Result<Option<IncidentId>, StoreError> {
        let mut work = self.database.work("writing an incident").await?;
        let written = incidents::write(&mut work, incident, entries, owed).await?;
        if written.is_some() {
            work.commit().await?;
        }
        Ok(written)
    }

    async fn incidents(&self, which: &Which) -> Result<Vec<Incident>, StoreError> {
        incidents::incidents(&self.database, which).await
    }

    async fn open_incidents(&self) -> Result<u64, StoreError> {
        incidents::open(&self.database).await
    }

    async fn entries(&self, incident: IncidentId) -> Result<Vec<Entry>, StoreError> {
        incidents::entries(&self.database, incident).await
    }

    async fn hold(
        &self,
        incident: IncidentId,
        acknowledged: Option<&Acknowledged>,
        snoozed_until: Option<Timestamp>,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        const WHAT: &str = "writing who has an incident in hand";
        let mut work = self.database.work(WHAT).await?;
        let held = incidents::hold(&mut work, incident, acknowledged, snoozed_until, entry).await?;
        work.commit().await?;
        self.database.persist(WHAT).await?;
        Ok(held)
    }

    async fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        channels::channels(&self.database, Some(&self.sealer)).await
    }

    async fn channel(&self, name: &ProjectName) -> Result<Option<Channel>, StoreError> {
        channels::channel(&self.database, Some(&self.sealer), name).await
    }

    async fn windows(&self) -> Result<Vec<Window>, StoreError> {
        windows::windows(&self.database).await
    }

    async fn lease(&self, now: Timestamp, until: Timestamp, at_most: u32) -> Result<Vec<Notice>, StoreError> {
        notices::lease(&self.database, now, until, at_most).await
    }

    async fn mark(&self, notices: &[Notice], channels: &[ChannelNews], owed: &[Notice]) -> Result<(), StoreError> {
        let mut work = self.database.work("marking notices").await?;
        notices::mark(&mut work, notices, channels, owed).await?;
        work.commit().await
    }

    async fn owe(&self, notices: &[Notice]) -> Result<(), StoreError> {
        notices::owe(&self.database, notices).await
    }

    async fn notified(&self, incidents: &[IncidentId]) -> Result<Vec<Notified>, StoreError> {
        notices::notified(&self.database, incidents).await
    }

    async fn channel_notified(&self, channel: ChannelId) -> Result<Vec<Notified>, StoreError> {
        notices::channel_notified(&self.database, channel).await
    }

    async fn closing_channels(&self) -> Result<Vec<Channel>, StoreError> {
        closing::channels(&self.database, &self.sealer).await
    }

    async fn channel_closed(&self, channel: ChannelId) -> Result<(), StoreError> {
        closing::end(&self.database, channel).await
    }

    async fn notices(&self, which: &WhichNotices) -> Result<Vec<Notice>, StoreError> {
        notices::notices(&self.database, which).await
    }

    async fn owing(&self) -> Result<Vec<(ChannelId, Owing)>, StoreError> {
        notices::owing(&self.database).await
    }

    async fn revive(&self, channel: ChannelId, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let mut work = self.database.work("letting a channel deliver again").await?;
        let revived = notices::revive(&mut work, channel, now).await?;
        work.commit().await?;
        Ok(revived)
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.database.server_time().await
    }

    async fn drop_old_incidents(&self, looks_before: Minute, over_before: Timestamp) -> Result<u64, StoreError> {
        let mut work = self.database.work("dropping incidents that are past keeping").await?;
        let dropped = glances::drop_old(&mut work, looks_before).await?
            + channels::drop_left_behind(&mut work).await?
            + incidents::drop_old(&mut work, over_before).await?
            + channels::forget(&mut work).await?;
        work.commit().await?;
        Ok(dropped)
    }

    async fn deeds(&self, which: &WhichDeeds) -> Result<Vec<Deed>, StoreError> {
        deeds::deeds(&self.database, which).await
    }

    async fn users(&self) -> Result<Vec<User>, StoreError> {
        users::users(&self.database).await
    }

    async fn user(&self, name: &UserName) -> Result<Option<(User, Option<Secret>)>, StoreError> {
        users::user(&self.database, name).await
    }

    async fn put_user(
        &self,
        name: &UserName,
        access: Access,
        password: Option<&Secret>,
        now: Timestamp,
        checked: Checked<'_>,
    ) -> Result<UserId, StoreError> {
        users::put(&self.database, (name, access), password, now, checked).await
    }

    async fn drop_user(&self, name: &UserName, checked: Checked<'_>) -> Result<bool, StoreError> {
        users::drop_user(&self.database, name, checked).await
    }

    async fn invite(&self, digest: &Digest, invitation: &Invitation) -> Result<(), StoreError> {
        invitations::invite(&self.database, digest, invitation).await
    }

    async fn invitation(&self, digest: &Digest, now: Timestamp) -> Result<Option<Invitation>, StoreError> {
        invitations::invitation(&self.database, digest, now).await
    }

    async fn accept(
        &self,
        digest: &Digest,
        name: &UserName,
        password: &Secret,
        now: Timestamp,
        deed: &Deed,
    ) -> Result<Option<UserId>, StoreError> {
        invitations::accept(&self.database, digest, (name, password), now, deed).await
    }

    async fn open_session(
        &self,
        digest: &Digest,
        user: UserId,
        now: Timestamp,
        until: Timestamp,
        by_proxy: bool,
    ) -> Result<(), StoreError> {
        sessions::open(&self.database, digest, user, (now, until), by_proxy).await
    }

    async fn session(&self, digest: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        sessions::session(&self.database, digest, now).await
    }

    async fn use_session(&self, digest: &Digest, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        sessions::use_one(&self.database, digest, now, until).await
    }

    async fn close_session(&self, digest: &Digest) -> Result<(), StoreError> {
        sessions::close(&self.database, digest).await
    }

    async fn put_token(&self, digest: &Digest, token: &ApiToken, checked: Checked<'_>) -> Result<TokenId, StoreError> {
        tokens::put(&self.database, digest, token, checked).await
    }

    async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        tokens::tokens(&self.database).await
    }

    async fn token(&self, digest: &Digest, now: Timestamp) -> Result<Option<ApiToken>, StoreError> {
        tokens::token(&self.database, digest, now).await
    }

    async fn drop_token(&self, id: TokenId, checked: Checked<'_>) -> Result<bool, StoreError> {
        tokens::drop_token(&self.database, id, checked).await
    }

    async fn status_pages(&self) -> Result<Vec<StatusPage>, StoreError> {
        status_pages::status_pages(&self.database).await
    }

    async fn status_page(&self, name: &ProjectName) -> Result<Option<StatusPage>, StoreError> {
        status_pages::status_page(&self.database, name).await
    }

    async fn newest_seen(&self, reaches: &[Reach]) -> Result<Vec<Recorded>, StoreError> {
        shown::newest_seen(&self.database, reaches).await
    }

    async fn open_incidents_of(&self, projects: &[ProjectId]) -> Result<Vec<Incident>, StoreError> {
        shown::open_incidents(&self.database, projects).await
    }

    async fn entries_between(&self, project: ProjectId, from: Timestamp, to: Timestamp) -> Result<Vec<Told>, StoreError> {
        shown::entries(&self.database, project, from, to).await
    }

    async fn told(&self, project: ProjectId, from: Timestamp) -> Result<HashMap<NoticeState, u64>, StoreError> {
        shown::told(&self.database, project, from).await
    }

    async fn looks_made(&self, project: ProjectId, from: Minute, to: Minute) -> Result<(u64, u64), StoreError> {
        shown::looks_made(&self.database, project, from, to).await
    }

    async fn close(&self) {
        self.database.close().await;
    }
}
