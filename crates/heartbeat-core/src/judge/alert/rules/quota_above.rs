//! `quota_above`: much of the project's events quota is used. Once it is used up, PostHog accepts events and drops them.

use super::super::row::{Marks, Row, Strength};
use super::super::scene::View;
use crate::judge::mark::MarkOf;
use crate::model::{Diagnosis, Place, QuotaUse, ReadbackSample, Rule, RuleKind, thousands};

pub(super) static ROW: Row = Row {
    may_hold_on_ordinary: |view| limit(view).is_some_and(|limit| limit <= ReadbackSample::ORDINARY_QUOTA_PERCENT),
    cause: |view, _| ROW.is_bad_now(view).then(|| (Strength::Counted, sees(view))),
    ..Row::new(RuleKind::Quota, Marks::Readbacks { mark, may_be_bad, extent: |_, _| None }, sees)
};

/// While events are dropped, lost beats open an ingestion incident: then this rule opens no second one.
fn mark(view: &View<'_>, place: usize) -> Option<MarkOf> {
    let quota = view.samples.get(place)?.quota?;
    let limit = limit(view)?;
    if quota.limited && view.project.spec.beats() {
        return None;
    }
    Some(if is_over(quota, limit) { MarkOf::Bad } else { MarkOf::Good })
}

fn limit(view: &View<'_>) -> Option<u16> {
    view.rule(RuleKind::Quota).and_then(Rule::percent_limit).map(u16::from)
}

const fn is_over(quota: QuotaUse, limit: u16) -> bool {
    quota.limited || quota.percent >= limit
}

fn may_be_bad(view: &View<'_>, sample: &ReadbackSample) -> bool {
    sample.quota.zip(limit(view)).is_some_and(|(quota, limit)| is_over(quota, limit))
}

fn sees(view: &View<'_>) -> Diagnosis {
    let quota = view.samples.last().and_then(|sample| sample.quota);
    let share = quota.map_or_else(|| "Much".to_owned(), |quota| format!("{} %", quota.percent));
    // A replay knows the share only.
    let figures = view.readback.and_then(|readback| readback.findings.quota).and_then(|quota| Some((quota.used?, quota.limit?)));
    let figures = figures.map_or_else(String::new, |(used, limit)| format!(", {} of {} events", thousands(used), thousands(limit)));
    let (place, then) = if quota.is_some_and(|quota| quota.limited) { (Place::Quota, "; events are dropped") } else { (Place::None, "") };
    Diagnosis::at(place, format!("{share} of the events quota of this period is used{figures}{then}"))
        .advised("Raise the limit on PostHog's billing page (Organization > Billing), or send fewer events.")
}
