//! When a window is open, as the flags say it: from one time to another, from now on, each week, or by a crontab expression.

use std::time::Duration;

use clap::Args;

use crate::config::{duration, rules, weekly, zoned};
use crate::model::{Timestamp, When, Window};

/// No window is shorter.
const SHORTEST: Duration = Duration::from_mins(1);

/// The flags that say when.
#[derive(Debug, Args)]
pub struct WhenFlags {
    /// Open from this time on, such as 2026-11-23T02:00:00Z (with --to or --for)
    #[arg(long, value_name = "TIME", group = "begins")]
    pub from: Option<String>,

    /// Open from now on (with --to or --for)
    #[arg(long, group = "begins")]
    pub now: bool,

    /// Open each week, such as `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00`
    #[arg(long, value_name = "DAYS TIMES", group = "begins")]
    pub weekly: Option<String>,

    /// Open at each time of a crontab expression, such as `0 2 * * *` (with --for)
    #[arg(long, value_name = "EXPRESSION", group = "begins")]
    pub cron: Option<String>,

    /// Up to this time
    #[arg(long, value_name = "TIME", conflicts_with_all = ["lasts", "weekly", "cron"])]
    pub to: Option<String>,

    /// For so long, such as 2h
    #[arg(long = "for", value_name = "TIME", id = "lasts", conflicts_with = "weekly")]
    pub lasts: Option<String>,

    /// The time zone of --weekly and --cron, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE", conflicts_with_all = ["from", "now"])]
    pub timezone: Option<String>,
}

impl WhenFlags {
    /// When, as of `now`; everything that is wrong with it at once.
    pub(super) fn read(&self, now: Timestamp) -> Result<When, Vec<String>> {
        let zone = rules::about("--timezone", self.zone());
        let known = zone.as_ref().ok().copied().flatten();
        match self {
            Self { cron: Some(cron), .. } => {
                let lasts =
                    self.lasts.as_deref().map_or_else(|| Err("--for is missing; say how long it is open, such as 2h".to_owned()), lasts);
                let cron = rules::about("--cron", zoned(cron, known));
                both(zone.and(cron), lasts).map(|(cron, lasts)| When::Cron(cron, lasts))
            }
            Self { weekly: Some(text), .. } => {
                let read = rules::about("--weekly", weekly(text, known));
                both(zone, read).map(|(_, (cron, lasts))| When::Cron(cron, lasts))
            }
            Self { from, now: true, .. } | Self { from: from @ Some(_), .. } => {
                let from = from.as_deref().map_or(Ok(now), |text| rules::about("--from", Timestamp::parse(text)));
                let ends = match (&self.to, &self.lasts) {
                    (Some(to), _) => rules::about("--to", Timestamp::parse(to)).map(Ends::At),
                    (None, Some(text)) => lasts(text).map(Ends::After),
                    (None, None) => Err("--to or --for is missing; say until when, or for how long, it is open".to_owned()),
                };
                let (from, ends) = both(from, ends)?;
                once(from, &ends, now).map_err(|says| vec![says])
            }
            _ => Err(vec![
                "when it is open is missing; give --from and --to, --now and --for, --weekly \"sun 02:00-04:00\", or --cron and --for"
                    .to_owned(),
            ]),
        }
    }

    /// The time zone, one that there is.
    fn zone(&self) -> Result<Option<&str>, String> {
        let Some(zone) = self.timezone.as_deref().map(str::trim) else { return Ok(None) };
        let is_one = !zone.is_empty() && !zone.contains(char::is_whitespace) && zoned("0 0 * * *", Some(zone)).is_ok();
        if is_one { Ok(Some(zone)) } else { Err(format!("`{zone}` is no time zone; write it like `Europe/Berlin`")) }
    }
}

/// The end of a window that is open once.
enum Ends {
    At(Timestamp),
    After(Duration),
}

fn once(from: Timestamp, ends: &Ends, now: Timestamp) -> Result<When, String> {
    let to = match ends {
        Ends::At(to) => *to,
        Ends::After(lasts) => from.plus(*lasts),
    };
    if from >= to {
        return Err(format!("--to `{to}` must be later than `{from}`, from when it is open"));
    }
    if to <= now {
        return Err(format!("it would be over already: its end `{to}` lies before now, `{now}`"));
    }
    Ok(When::Once(from, to))
}

fn lasts(text: &str) -> Result<Duration, String> {
    let read = rules::about("--for", duration::parse(text))?;
    if (SHORTEST..=Window::LONGEST).contains(&read) {
        Ok(read)
    } else {
        Err(format!("--for `{text}` must lie from {} to {}", duration::show(SHORTEST), duration::show(Window::LONGEST)))
    }
}

/// Both, or what is wrong with each.
fn both<A, B>(one: Result<A, String>, other: Result<B, String>) -> Result<(A, B), Vec<String>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(vec![one, other]),
        (Err(wrong), _) | (_, Err(wrong)) => Err(vec![wrong]),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        when: WhenFlags,
    }

    fn read(flags: &[&str]) -> Result<When, Vec<String>> {
        let line = Line::try_parse_from([&["x"], flags].concat()).unwrap();
        line.when.read(Timestamp::parse("2026-11-23T14:00:00Z").unwrap())
    }

    #[test]
    fn what_is_wrong_is_said_all_at_once() {
        for (flags, says) in [
            (&[][..], &["when it is open is missing"][..]),
            (&["--now"], &["--to or --for is missing"]),
            (&["--cron", "0 2 * *"], &["--cron `0 2 * *` is no crontab", "--for is missing"]),
            (&["--cron", "0 2 * * *", "--for", "8d"], &["--for `8d` must lie from 1m to 7d"]),
            (&["--cron", "0 2 * * *", "--for", "30s"], &["--for `30s` must lie"]),
            (&["--from", "tomorrow", "--to", "never"], &["--from `tomorrow` is no time", "--to `never` is no time"]),
            (&["--from", "2026-11-24T02:00:00Z", "--to", "2026-11-24T02:00:00Z"], &["must be later than"]),
            (&["--from", "2026-11-22T02:00:00Z", "--for", "2h"], &["it would be over already"]),
            (&["--weekly", "sunday"], &["--weekly `sunday` must be days and times"]),
            (&["--weekly", "sun 02:00-04:00", "--timezone", "Mars"], &["--timezone `Mars` is no time zone"]),
        ] {
            let said = read(flags).unwrap_err();
            assert_eq!(said.len(), says.len(), "{flags:?}: {said:?}");
            assert!(said.iter().zip(says).all(|(said, says)| said.contains(says)), "{flags:?}: {said:?}");
        }
    }

    #[test]
    fn each_way_to_say_it_is_read() {
        let at = |text| Timestamp::parse(text).unwrap();
        let once = |from, to| Ok(When::Once(at(from), at(to)));
        assert_eq!(read(&["--now", "--for", "2h"]), once("2026-11-23T14:00:00Z", "2026-11-23T16:00:00Z"));
        assert_eq!(read(&["--now", "--to", "2026-11-23T15:00:00+00:00"]), once("2026-11-23T14:00:00Z", "2026-11-23T15:00:00Z"));
        let two = ["--from", "2026-11-24T02:00:00Z", "--to", "2026-11-24T04:00:00Z"];
        assert_eq!(read(&two), once("2026-11-24T02:00:00Z", "2026-11-24T04:00:00Z"));
        for (flags, cron, hours) in [
            (&["--weekly", "sun 02:00-04:00", "--timezone", "Europe/Berlin"][..], "0 2 * * SUN Europe/Berlin", 2),
            (&["--cron", "0 2 * * *", "--for", "3h"], "0 2 * * *", 3),
        ] {
            let Ok(When::Cron(read, lasts)) = read(flags) else { panic!("{flags:?}") };
            assert_eq!((read.to_string().as_str(), lasts), (cron, Duration::from_hours(hours)));
        }
    }
}
