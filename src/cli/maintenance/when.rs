//! The flags that say when a window is open: once, from now on, weekly, or by a crontab expression.

use clap::Args;

use crate::cli::explain::Flags;
use crate::config::Texts;

pub(super) const FLAGS: Flags<'_> = &[
    ("name", "NAME"),
    ("projects", "--project"),
    ("from", "--from"),
    ("now", "--now"),
    ("to", "--to"),
    ("lasts", "--for"),
    ("weekly", "--weekly"),
    ("cron", "--cron"),
    ("timezone", "--timezone"),
];

#[derive(Debug, Args)]
pub struct WhenFlags {
    /// Start at this time, for example 2026-11-23T02:00:00Z (with --to or --for)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, group = "begins")]
    pub from: Option<String>,

    /// Start now (with --to or --for)
    #[arg(long, group = "begins")]
    pub now: bool,

    /// Open every week, for example `sun 02:00-04:00`, `mon-fri 22:00-06:00` or `sat,sun 00:00-24:00`
    #[arg(long, value_name = "DAYS TIMES", group = "begins")]
    pub weekly: Option<String>,

    /// Open at each time of a crontab expression, for example `0 2 * * *` (with --for)
    #[arg(long, value_name = "EXPRESSION", group = "begins")]
    pub cron: Option<String>,

    /// End at this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, conflicts_with_all = ["lasts", "weekly", "cron"])]
    pub to: Option<String>,

    /// Duration, for example 2h
    #[arg(long = "for", value_name = "TIME", allow_hyphen_values = true, id = "lasts", conflicts_with = "weekly")]
    pub lasts: Option<String>,

    /// Time zone of --weekly and --cron, for example Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE", conflicts_with_all = ["from", "now"])]
    pub timezone: Option<String>,
}

impl WhenFlags {
    /// Adds the flags to `texts`.
    pub(super) fn add_to(&self, texts: Texts) -> Texts {
        texts
            .with("from", self.from.as_deref())
            .with("now", self.now.then_some("true"))
            .with("weekly", self.weekly.as_deref())
            .with("cron", self.cron.as_deref())
            .with("to", self.to.as_deref())
            .with("lasts", self.lasts.as_deref())
            .with("timezone", self.timezone.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use crate::cli::explain::lines;
    use crate::config::{Origin, window};
    use crate::model::{Cron, Timestamp, Weekly, When};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        when: WhenFlags,
    }

    fn read(flags: &[&str]) -> Result<When, Vec<String>> {
        let line = Line::try_parse_from([&["x"], flags].concat()).unwrap();
        let texts = line.when.add_to(Texts::default().with("name", Some("night")));
        let window = window::added(&texts, Origin::CommandLine(Timestamp::parse("2026-11-23T14:00:00Z").unwrap()));
        window.map(|window| window.when).map_err(|wrong| lines(wrong.iter(), FLAGS).lines().map(str::to_owned).collect())
    }

    #[test]
    fn what_is_wrong_is_said_all_at_once() {
        for (flags, says) in [
            (&[][..], &["the time is missing; give --from and --to, --now and --for, --weekly, or --cron and --for"][..]),
            (&["--now"], &["the end is missing; give --to or --for"]),
            (&["--cron", "0 2 * *"], &["--cron `0 2 * *` is not a crontab", "--for is missing"]),
            (&["--cron", "0 2 * * *", "--for", "8d"], &["--for `8d` must be between 1m and 7d"]),
            (&["--cron", "0 2 * * *", "--for", "30s"], &["--for `30s` must be between"]),
            (&["--from", "tomorrow", "--to", "never"], &["--from `tomorrow` is not a time", "--to `never` is not a time"]),
            (
                &["--from", "2026-11-24T02:00:00Z", "--to", "2026-11-24T02:00:00Z"],
                &["--to `2026-11-24T02:00:00.000Z` must be later than --from"],
            ),
            (&["--from", "2026-11-22T02:00:00Z", "--for", "2h"], &["the window is in the past"]),
            (&["--weekly", "sunday"], &["--weekly `sunday` must be days and times"]),
            (&["--weekly", "sun 02:00-04:00", "--timezone", "Mars"], &["--timezone `Mars` is not a time zone"]),
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
        let weekly = read(&["--weekly", "sun 02:00-04:00", "--timezone", "Europe/Berlin"]);
        assert_eq!(weekly, Ok(When::Weekly(Weekly::parse("sun 02:00-04:00", Some("Europe/Berlin")).unwrap())));
        let cron = read(&["--cron", "0 2 * * *", "--for", "3h"]);
        assert_eq!(cron, Ok(When::Cron(Cron::parse("0 2 * * *").unwrap(), Duration::from_hours(3))));
    }
}
