//! `heartbeat sandbox`: a simulated PostHog on this machine.

use clap::Args;

use super::error::Misuse;
use super::global::Invocation;
use crate::lifecycle::{Hangup, Lifecycle};
use crate::sandbox::program::{Listening, NotListening, Options};

/// Run a simulated PostHog on this machine, with one project and configurable faults
///
/// It accepts events like capture and answers queries over them. GET, PUT (merged) and DELETE /_sandbox/faults show, set and clear its faults.
/// GET /_sandbox/events lists the events that it stored.
#[derive(Debug, Args)]
#[command(after_help = "JSON (one object, when it listens): {address, token, personal_api_key, project_id, speed}.")]
pub struct SandboxCommand {
    #[command(flatten)]
    pub options: Options,
}

impl SandboxCommand {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<()> {
        let lifecycle = Lifecycle::listen(Hangup::Stops)?;
        let listener = self.options.listen().await.map_err(|error| match error {
            NotListening::Remote(_) => Misuse(error.to_string()).into(),
            NotListening::Address(..) => anyhow::Error::new(error),
        })?;
        self.announce(invocation, &self.options.listening(&listener)?)?;
        let stop = lifecycle.stop();
        lifecycle.guard(self.options.sandbox().serve(listener, async move { stop.asked().await })).await??;
        Ok(())
    }

    fn announce(&self, invocation: &Invocation, listening: &Listening) -> anyhow::Result<()> {
        if self.options.json {
            return Ok(invocation.screen.json(listening)?);
        }
        let Listening { address, token, personal_api_key: key, .. } = listening;
        let check = format!("heartbeat check --host {address} --token {token} --personal-api-key {key}");
        Ok(invocation.screen.text(&listening.words(&[check]))?)
    }
}
