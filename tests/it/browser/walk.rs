//! The whole of it, walked by a user who never opens a terminal: first start, a project, both apps, bad faults, an incident and its messages,
//! no faults, a status page. With script and without.

use serde_json::json;

use super::rounds::{goes_everywhere, looks_closely};
use super::visitor::becomes;
use super::{Screen, Visitor};
use crate::process::PATIENCE;
use crate::process::receiver::Letter;
use crate::support::served::Served;

/// A minute of one second.
const SPEED: u32 = 60;
const PASSWORD: &str = "correct horse battery";

/// The visitor, and the service that is visited.
struct Walk {
    served: Served,
    visitor: Visitor,
    script: bool,
}

impl Walk {
    async fn begins(script: bool) -> Self {
        let served = Served::start(SPEED, None).await;
        let visitor = Visitor::of(&served.origin).await;
        let visitor = if script { visitor } else { visitor.without_script().await };
        Self { served, visitor, script }
    }

    /// Waits until this part of the page says so: by itself where there is script, opened again and again where there is none.
    async fn comes_to_say(&self, selector: &str, words: &str) {
        let desired = words.to_lowercase();
        let path = self.visitor.path().await;
        let says = becomes(PATIENCE, async || {
            if !self.script {
                self.visitor.open(&path).await;
            }
            self.visitor.within(selector).reads().await.to_lowercase().contains(&desired)
        });
        assert!(says.await, "{path} never says `{words}`, but: {}\n{}", self.visitor.seen().await, self.served.process.err.text());
    }

    /// The link that the first start printed sets a password, once.
    async fn sets_a_password(&self) {
        let visitor = &self.visitor;
        visitor.open("/").await;
        assert!(visitor.path().await.starts_with("/login"), "a stranger sees something: {}", visitor.seen().await);
        visitor.sees("No user has a password yet").await;
        visitor.open(&self.served.entrance).await;
        looks_closely(visitor).await;
        visitor.fills("Name", "ann").await;
        visitor.fills("Password", PASSWORD).await;
        visitor.fills("Repeat password", "something else").await;
        visitor.follows("Set password").await;
        visitor.within("#again-check").sees("Wrong.").await;
        visitor.fills("Password", PASSWORD).await;
        visitor.fills("Repeat password", PASSWORD).await;
        visitor.follows("Set password").await;
        assert_eq!(visitor.path().await, "/projects/new");
        visitor.open("/").await;
        let stranger = visitor.stranger().await;
        stranger.open(&self.served.entrance).await;
        assert!(!stranger.whole().has("Set password").await, "the link works twice");
    }

    /// Logs out, and in again.
    async fn logs_in(&self) {
        let visitor = &self.visitor;
        visitor.clicks("ann").await;
        visitor.follows("Log out").await;
        visitor.fills("Name", "ann").await;
        visitor.fills("Password", "wrong horse").await;
        visitor.follows("Log in").await;
        visitor.within("#password-check").sees("Wrong.").await;
        visitor.fills("Password", PASSWORD).await;
        visitor.follows("Log in").await;
        visitor.sees("No projects yet").await;
    }

    /// Adds a project; its fields say what is wrong with them before it is added.
    async fn adds_a_project(&self) {
        let visitor = &self.visitor;
        visitor.follows("Add project").await;
        visitor.fills("Name", "shop").await;
        visitor.fills("PostHog host", &self.served.sandbox.url).await;
        visitor.fills("Project token", "phc_unknown").await;
        self.has_it_checked().await;
        visitor.within("#host-check").sees("Fine.").await;
        visitor.within("#token-check").sees("Wrong.").await;
        looks_closely(visitor).await;
        visitor.fills("Project token", heartbeat::sandbox::TOKEN).await;
        visitor.fills("Personal API key", heartbeat::sandbox::PERSONAL_KEY).await;
        self.has_it_checked().await;
        visitor.within("#token-check").sees("Fine.").await;
        visitor.fills("Personal API key", heartbeat::sandbox::PERSONAL_KEY).await;
        visitor.within("label:has([name='ingestion-alert'])").ticks().await;
        visitor.follows("Add and send first beat").await;
        visitor.sees("The first beat is sent at once.").await;
        assert_eq!(visitor.path().await, "/projects/shop");
        self.comes_to_say(".verdict", "; the last one took").await;
    }

    /// With script a field is checked once it is left; without, there is a button for it.
    async fn has_it_checked(&self) {
        if self.script {
            self.visitor.presses("Tab").await;
        } else {
            self.visitor.follows("Check").await;
        }
    }

    /// Installs the other app; the one that is there is switched off and on again.
    async fn installs_both_apps(&self) {
        let visitor = &self.visitor;
        visitor.open("/projects/shop/apps").await;
        visitor.follows("Install Ingestion Alert").await;
        visitor.follows("Install on shop").await;
        visitor.open("/projects/shop/apps/ingestion-alert").await;
        visitor.within(".head").sees("Disable").await;
        visitor.open("/projects/shop/apps/heartbeat").await;
        visitor.within(".head").follows("Disable").await;
        visitor.within(".head").follows("Enable").await;
        visitor.within(".head").sees("Disable").await;
    }

    /// Sets up a channel, and has it tried: the receiver takes the samples.
    async fn sets_up_a_channel(&self) {
        let visitor = &self.visitor;
        visitor.open("/channels").await;
        visitor.follows("Add channel").await;
        visitor.follows("Set up webhook").await;
        visitor.fills("Name", "ops").await;
        visitor.fills("Address", &format!("{}/hook", self.served.receiver.url)).await;
        visitor.follows("Add channel").await;
        visitor.open("/channels/ops").await;
        visitor.follows("Send test").await;
        visitor.within("[aria-labelledby=answers]").sees("accepted").await;
        let samples = self.served.receiver.letters();
        assert!(samples.iter().any(|letter| letter.message()["test"] == true), "{samples:#?}");
    }

    /// Capture rejects: an incident opens, is notified, is read and acknowledged.
    async fn meets_an_incident(&self) {
        let visitor = &self.visitor;
        let before = self.served.receiver.letters().len();
        self.served.sandbox.faults(json!({"capture": {"status": 503}})).await;
        visitor.open("/incidents").await;
        self.comes_to_say("[data-live-id=incidents]", "shop:").await;
        visitor.within("[data-live-id=incidents] tbody").sees("is failing: 503").await;
        let told = || self.served.process.err.text();
        let letter = self.served.receiver.wait_for("the incident is told", before, told, |letter| letter.kind() == "opened").await;
        let number = visitor.evaluate("document.querySelector('[data-live-id=incidents] tbody th a').pathname").await;
        visitor.open(number.as_str().unwrap()).await;
        visitor.within("h1").sees("open").await;
        visitor.within(".timeline").sees("503").await;
        self.comes_to_say("[data-live-id=messages]", "ops").await;
        visitor.fills("Comment", "restarting the workers").await;
        visitor.follows("Acknowledge").await;
        visitor.within("[data-live-id=facts]").sees("ann").await;
        looks_closely(visitor).await;
        if self.script {
            visitor.photographs("incident", Screen::WIDE).await;
        }

        self.served.sandbox.sandbox.clear_faults();
        self.comes_to_say("h1", "resolved").await;
        let is_its_end = |other: &Letter| other.kind() == "resolved" && other.incident() == letter.incident();
        self.served.receiver.wait_for("its end is told", before, told, is_its_end).await;
        visitor.within("#postmortem").sees("shop").await;
        visitor.open("/projects/shop").await;
        self.comes_to_say(".verdict", "; the last one took").await;
    }

    /// With script, checkboxes write the text fields of a maintenance window.
    async fn ticks_boxes(&self) {
        if !self.script {
            return;
        }
        let visitor = &self.visitor;
        visitor.open("/maintenance/new").await;
        let projects = "document.querySelector('.boxes [value=shop]').click(); document.querySelector('#projects').value";
        assert_eq!(visitor.evaluate(projects).await, "shop");
        let weekly = "(() => {
            const group = document.querySelector('[aria-label=\"Days and times\"]');
            group.querySelector('[value=sun]').click();
            [...group.querySelectorAll('[type=time]')].forEach((time, at) => { time.value = ['02:00', '04:00'][at]; });
            group.querySelector('[type=time]').dispatchEvent(new Event('input', { bubbles: true }));
            return document.querySelector('#weekly').value;
        })()";
        assert_eq!(visitor.evaluate(weekly).await, "sun 02:00-04:00");
        looks_closely(visitor).await;
    }

    /// With script, the footer switches the zone of all times: in texts, and in the titles of a strip and their labels.
    async fn switches_the_zone(&self) {
        if !self.script {
            return;
        }
        let visitor = &self.visitor;
        // Five and a half hours ahead of UTC, all year.
        visitor.ask("Emulation.setTimezoneOverride", json!({"timezoneId": "Asia/Kolkata"})).await;
        visitor.open("/projects/shop").await;
        // The minute of the newest beat as in its address, and with its zone in its label, in its title and at the end of the strip.
        let seen = "(value) => {
            document.querySelector(`[data-times] [value=${value}]`).click();
            const cell = [...document.querySelectorAll('#hour ~ .strip a, [data-live-id=hour] .strip a')].pop();
            const ends = [...document.querySelectorAll('[data-live-id=hour] .ends')].pop();
            const minute = new URL(cell.href.baseVal, location).pathname.match(/T(.*)Z/)[1];
            const said = [cell.getAttribute('aria-label'), cell.querySelector('title').textContent, ends.textContent];
            return [localStorage.times, minute, ...said.map((text) => text.match(/(\\d\\d:\\d\\d) (UTC|GMT.*?|IST)(?= |$)/)?.slice(1).join(' '))];
        }";
        let mut clocks = Vec::new();
        for value in ["local", "utc"] {
            let seen = visitor.evaluate(&format!("({seen})('{value}')")).await;
            assert_eq!(seen[0], value);
            let (minute, label) = (seen[1].as_str().unwrap(), seen[2].as_str().unwrap_or_else(|| panic!("{seen}")));
            assert_eq!(seen[3], label, "the title of a cell and its label: {seen}");
            let zone = label.split_once(' ').unwrap().1;
            assert!(seen[4].as_str().unwrap().ends_with(zone), "the end of the strip: {seen}");
            assert_eq!(label == format!("{minute} UTC"), value == "utc", "{seen}");
            clocks.push(zone.to_owned());
        }
        assert_ne!(clocks[0], clocks[1]);
        visitor.ask("Emulation.setTimezoneOverride", json!({"timezoneId": ""})).await;
    }

    /// A status page is nobody else's before it is switched on, and everybody's afterwards; and so is its badge.
    async fn shows_it_to_the_public(&self) {
        let (visitor, stranger) = (&self.visitor, self.visitor.stranger().await);
        visitor.open("/status-pages").await;
        visitor.follows("Add status page").await;
        visitor.fills("Name", "shop").await;
        visitor.fills("Title", "The shop's data").await;
        visitor.fills("Projects", "shop").await;
        visitor.follows("Add status page").await;
        stranger.open("/status/shop").await;
        assert!(!stranger.reads().await.contains("The shop's data"), "a page that is not public is shown: {}", stranger.seen().await);
        assert_eq!(self.badge().await.0, 404);

        visitor.open("/status-pages").await;
        visitor.follows("Edit shop").await;
        visitor.within(".switch").ticks().await;
        visitor.follows("Save").await;
        stranger.open("/status/shop").await;
        stranger.within("h1").sees("The shop's data").await;
        stranger.within(".verdict").sees("Events arrive.").await;
        stranger.within(".history").sees("resolved").await;
        assert!(!stranger.reads().await.contains("503"), "strangers are told too much");
        looks_closely(&stranger).await;
        let (status, badge) = self.badge().await;
        assert!(status == 200 && badge.starts_with("<svg") && badge.contains("shop: up"), "{status} {badge}");
    }

    /// What a program is given that asks for the badge.
    async fn badge(&self) -> (u16, String) {
        let answer = reqwest::get(format!("{}/badge/shop.svg", self.served.origin)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

async fn walks(script: bool) {
    let mut walk = Walk::begins(script).await;
    walk.sets_a_password().await;
    walk.logs_in().await;
    walk.adds_a_project().await;
    walk.installs_both_apps().await;
    walk.sets_up_a_channel().await;
    walk.meets_an_incident().await;
    walk.shows_it_to_the_public().await;
    walk.ticks_boxes().await;
    walk.switches_the_zone().await;
    let seen = goes_everywhere(&walk.visitor, &["/", "/nowhere"]).await;
    for kind in ["/", "/projects/shop", "/incidents/*", "/channels/ops", "/projects/shop/rules", "/settings", "/audit-log", "/maintenance"]
    {
        assert!(seen.contains_key(kind), "no link leads to {kind}: {seen:#?}");
    }
    walk.visitor.heard_nothing_bad().await;
    walk.served.process.signal("TERM");
    let ended = walk.served.process.end().await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    for secret in [heartbeat::sandbox::PERSONAL_KEY, PASSWORD, "/hook"] {
        assert!(!ended.err.contains(secret) && !ended.out.contains(secret), "`{secret}` is in the log: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_script() {
    walks(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script() {
    walks(false).await;
}
