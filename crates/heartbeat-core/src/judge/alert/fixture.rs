//! A simulated PostHog for tests: one letter per minute in; beats, read-backs and incidents out.

use std::time::Duration;

use super::{History, Replayed, Scene, Step, changes, replay};
use crate::judge::letters::START;
use crate::judge::{Sighting, after_readback, blind};
use crate::model::{
    AppKind, DistinctId, Endpoint, Entry, EntryKind, HeartbeatApp, Host, Incident, IngestionAlertApp, Minute, NotificationKind, Outcome,
    Project, ProjectId, ProjectName, ProjectSpec, ProjectToken, QuotaUse, Readback, ReadbackError, ReadbackErrorKind, ReadbackSample,
    Recorded, ResponseExcerpt, Route, RouteId, RouteSpec, RuleKind, Switch, Timestamp, Traffic, Watch,
};

/// The app with these settings; every rule that is not named is off.
pub(super) fn only(settings: &[(&str, &str)]) -> IngestionAlertApp {
    let mut app = IngestionAlertApp::default();
    for kind in RuleKind::ALL {
        app.rule_mut(kind).on = false;
    }
    for (key, value) in settings {
        app.set(key, value).unwrap();
    }
    app
}

/// A project with one route; both apps are on since ten days before the first letter.
pub(super) fn project(app: IngestionAlertApp) -> Project {
    let on = |app| Switch { app, at: START.plus(-10 * 24 * 60).start(), on: true };
    let spec = ProjectSpec {
        heartbeat: Some(HeartbeatApp::default()),
        ingestion_alert: Some(app),
        ..ProjectSpec::new(
            ProjectName::parse("shop").unwrap(),
            Host::parse("http://127.0.0.1:1").unwrap(),
            ProjectToken::parse("phc_a").unwrap(),
        )
    };
    let switches = vec![on(AppKind::Heartbeat), on(AppKind::IngestionAlert)];
    Project { id: ProjectId(1), spec, routes: vec![route(1)], switches }
}

pub(super) fn route(id: i64) -> Route {
    let distinct_id = DistinctId::Fixed("x".into());
    let spec = RouteSpec { name: format!("r{id}"), event: "heartbeat".into(), host: None, endpoint: Endpoint::V0, distinct_id };
    Route { id: RouteId(id), spec, since: START.plus(-10 * 24 * 60).start() }
}

/// A route with a new distinct id each minute.
pub(super) fn fresh(id: i64) -> Route {
    let route = route(id);
    Route { spec: RouteSpec { distinct_id: DistinctId::Fresh("x ".into()), ..route.spec }, ..route }
}

/// A PostHog with our beats and read-backs, and one other event per minute.
pub(super) struct World {
    pub(super) project: Project,
    pub(super) beats: Vec<Recorded>,
    pub(super) samples: Vec<ReadbackSample>,
    readback: Option<Readback>,
    /// When each beat is ingested, in the order of `beats`; none while it is not.
    ingested: Vec<Option<Timestamp>>,
    /// Other events: their timestamp, and when they are ingested.
    others: Vec<(Timestamp, Option<Timestamp>)>,
    /// What is stuck in the queue: indexes into `beats` and `others`.
    queue: (Vec<usize>, Vec<usize>),
    next: Minute,
    /// The rate at which beats are lost in minutes of partial loss, and the random seed.
    pub(super) loses: (f64, u64),
    /// What PostHog says of the events quota.
    pub(super) quota: Option<QuotaUse>,
}

/// Whether the beat of this route and minute is lost; the same for the same seed.
fn is_lost((rate, seed): (f64, u64), route: RouteId, minute: Minute) -> bool {
    let mut mixed =
        (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)) ^ (minute.index() as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ (route.0 as u64);
    for _ in 0..3 {
        mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0x94D0_49BB_1331_11EB).wrapping_add(0x9E37_79B9_7F4A_7C15);
    }
    ((mixed >> 11) as f64 / (1_u64 << 53) as f64) < rate
}

impl World {
    pub(super) fn new(project: Project) -> Self {
        let nothing = (Vec::new(), Vec::new());
        let (beats, samples, ingested, others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { project, beats, samples, readback: None, ingested, others, queue: nothing, next: START, loses: (0.4, 1), quota: None }
    }

    /// Plays a minute and returns the time of its read-back.
    /// A: no fault. s: the queue is stuck. d: accepted beats are dropped. l: accepted beats take 100 s. R: capture rejects.
    /// p: some accepted beats are dropped. N: capture does not answer. U: capture does not answer, but accepts the beat.
    /// f: read-backs fail. F: read-backs fail and the queue is stuck. g: read-backs fail and there is no other event. k: there is no key.
    /// q: there is no other event. z: there is no other event, and beats are dropped. r: capture rejects, and the queue is stuck.
    /// `_`: Heartbeat is down. `-`: Heartbeat is down, and there is no other event.
    pub(super) fn minute(&mut self, letter: char) -> Option<Timestamp> {
        let start = self.next.start();
        let after = |seconds| start.plus(Duration::from_secs(seconds));
        self.next = self.next.plus(1);
        if !"sFr".contains(letter) {
            let (beats, others) = std::mem::take(&mut self.queue);
            for at in beats {
                self.ingested[at] = Some(after(1));
            }
            for at in others {
                self.others[at].1 = Some(after(1));
            }
        }
        if !"RNqgzr-".contains(letter) {
            let ingested = (!"sFd".contains(letter)).then(|| after(2));
            if "sFr".contains(letter) {
                self.queue.1.push(self.others.len());
            }
            self.others.push((start, ingested));
        }
        if "_-".contains(letter) {
            return None;
        }
        self.send(letter, after(5));
        let asked = after(25);
        self.read_back_at(letter, asked);
        Some(asked)
    }

    fn send(&mut self, letter: char, sent: Timestamp) {
        for route in &self.project.routes {
            let (outcome, status) = match letter {
                'R' | 'r' => (Outcome::Rejected, Some(503)),
                'N' | 'U' => (Outcome::Unreachable, None),
                _ => (Outcome::Awaiting, Some(200)),
            };
            let ingested = match letter {
                's' | 'F' => {
                    self.queue.0.push(self.beats.len());
                    None
                }
                'R' | 'r' | 'N' | 'd' | 'z' => None,
                'p' if is_lost(self.loses, route.id, sent.minute()) => None,
                'l' => Some(sent.plus(Duration::from_secs(100))),
                'U' => Some(sent.plus(Duration::from_secs(65))),
                _ => Some(sent.plus(Duration::from_secs(2))),
            };
            let blank = Recorded::blank(route.id, sent.minute());
            self.beats.push(Recorded { outcome, status, sent: Some(sent), tries: 1, ..blank });
            self.ingested.push(ingested);
        }
    }

    fn read_back_at(&mut self, letter: char, asked: Timestamp) {
        let error = match letter {
            'f' | 'F' | 'g' => Some(ReadbackErrorKind::Broken),
            'k' => Some(ReadbackErrorKind::NoKey),
            _ => None,
        };
        let seen = asked.plus(Duration::from_secs(1));
        for (beat, ingested) in self.beats.iter_mut().zip(&self.ingested).filter(|(beat, _)| !beat.outcome.is_seen()) {
            let sighting = ingested.filter(|at| *at <= asked).map(|ingested| Sighting { seen, ingested, copies: 1 });
            let timing = &self.project.spec.timing;
            let settled = if error.is_some() { blind(beat, timing, asked) } else { after_readback(beat, timing, asked, sighting) };
            if let Some(settled) = settled {
                *beat = Recorded {
                    outcome: settled.outcome,
                    missed: settled.missed,
                    seen: settled.seen,
                    ingested: settled.ingested,
                    copies: settled.copies,
                    ..beat.clone()
                };
            }
        }
        let result = error.map_or_else(|| Ok(self.traffic(asked)), Err);
        self.samples.push(ReadbackSample { at: asked, result, quota: self.quota.filter(|_| error.is_none()) });
        let before = self.readback.take();
        let last_good = if error.is_none() { Some(asked) } else { before.as_ref().and_then(|readback| readback.last_good) };
        let failing_since = error.map(|_| before.and_then(|readback| readback.failing_since).unwrap_or(asked));
        let result = result.map_err(|kind| ReadbackError::quoting(kind, ResponseExcerpt::default()));
        let project = self.project.id;
        self.readback = Some(Readback {
            project,
            at: asked,
            result,
            last_good,
            failing_since,
            not_before: asked,
            posthog_id: None,
            token: None,
            findings: crate::model::Findings::default(),
        });
    }

    fn traffic(&self, asked: Timestamp) -> Traffic {
        let is_there = |at: &Option<Timestamp>| at.is_some_and(|at| at <= asked);
        let others: Vec<Timestamp> = self.others.iter().filter(|(_, ingested)| is_there(ingested)).map(|(at, _)| *at).collect();
        let ours: Vec<Timestamp> =
            self.beats.iter().zip(&self.ingested).filter(|(_, ingested)| is_there(ingested)).filter_map(|(beat, _)| beat.sent).collect();
        let app = self.project.spec.alert().unwrap();
        let watched: Vec<Timestamp> = match app.watch {
            Watch::Any => others.iter().chain(&ours).copied().collect(),
            Watch::Heartbeats => ours,
            Watch::Events(_) => others.clone(),
        };
        let within = |events: Vec<Timestamp>, range| {
            let events: Vec<Timestamp> = events.into_iter().filter(|at| *at > asked.minus(range)).collect();
            (events.len() as u64, events.into_iter().max())
        };
        let (others, newest) = within(others, Duration::from_mins(30));
        let (watched, watched_newest) = within(watched, app.time_range);
        Traffic { others, newest, watched, watched_newest }
    }

    pub(super) fn scene(&self, at: Timestamp) -> Scene<'_> {
        Scene { at, project: &self.project, beats: &self.beats, evidence: &[], readback: self.readback.as_ref(), samples: &self.samples }
    }

    pub(super) fn history<'a>(&'a self, open: &'a [Incident]) -> History<'a> {
        History { project: &self.project, hours: &[], beats: &self.beats, evidence: &[], samples: &self.samples, open }
    }
}

/// The incidents of a world, as the loop writes them.
#[derive(Default)]
pub(super) struct Book {
    pub(super) incidents: Vec<Incident>,
    /// The index of the incident, the kind of notification, and when.
    pub(super) notified: Vec<(usize, NotificationKind, Timestamp)>,
    pub(super) entries: Vec<(usize, Entry)>,
}

impl Book {
    pub(super) fn open(&self) -> Vec<Incident> {
        self.incidents.iter().filter(|incident| incident.is_open()).cloned().collect()
    }

    pub(super) fn write(&mut self, step: Step) {
        let open = self.incidents.iter().position(|incident| incident.is_open() && incident.incident_kind == step.incident.incident_kind);
        let at = open.unwrap_or(self.incidents.len());
        let when = step.incident.closed.or(step.incident.notified).unwrap_or(step.incident.opened);
        self.notified.extend(step.tell.into_iter().map(|kind| (at, kind, when)));
        self.entries.extend(step.entries.into_iter().map(|entry| (at, entry)));
        if open.is_some() { self.incidents[at] = step.incident } else { self.incidents.push(step.incident) }
    }

    pub(super) fn readback(&mut self, world: &World, at: Timestamp, silenced_until: Option<Timestamp>) {
        for change in changes(&self.open(), &world.scene(at), silenced_until) {
            self.write(change.counted(&world.beats));
        }
    }

    /// `ingestion opened@4 closed@6` of each incident.
    pub(super) fn story(&self) -> String {
        story(&self.incidents)
    }

    pub(super) fn words(&self, kind: EntryKind) -> Vec<&str> {
        self.entries.iter().filter(|(_, entry)| entry.kind == kind).map(|(_, entry)| entry.words.as_str()).collect()
    }

    /// `opened@4 reminder@64 resolved@70`.
    pub(super) fn notifications(&self) -> String {
        let notifications: Vec<String> = self.notified.iter().map(|(_, kind, at)| format!("{kind}@{}", place(*at))).collect();
        notifications.join(" ")
    }
}

fn place(at: Timestamp) -> i64 {
    at.minute().index() - START.index()
}

pub(super) fn story(incidents: &[Incident]) -> String {
    let parts = incidents.iter().map(|incident| {
        let closed = incident.closed.map_or_else(String::new, |closed| format!(" closed@{}", place(closed)));
        format!("{} opened@{}{closed}", incident.incident_kind, place(incident.opened))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// Expands `A*30 s*12` to 30 A and 12 s.
pub(super) fn letters(text: &str) -> String {
    let part = |part: &str| match part.split_once('*') {
        Some((letter, count)) => letter.repeat(count.parse().unwrap()),
        None => part.to_owned(),
    };
    text.split_whitespace().map(part).collect()
}

pub(super) fn story_of(settings: &[(&str, &str)], row: &str) -> String {
    play(project(only(settings)), row).1.story()
}

/// Plays a row of letters, judged after each read-back.
pub(super) fn play(project: Project, row: &str) -> (World, Book) {
    let (mut world, mut book) = (World::new(project), Book::default());
    for letter in letters(row).chars() {
        if let Some(at) = world.minute(letter) {
            book.readback(&world, at, None);
        }
    }
    (world, book)
}

pub(super) fn replayed(world: &World) -> Vec<Replayed> {
    let app = world.project.spec.ingestion_alert.clone().unwrap();
    replay(&world.history(&[]), &app, START.start(), world.next.start())
}
