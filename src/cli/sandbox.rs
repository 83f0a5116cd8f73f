//! `heartbeat sandbox`: a PostHog on this machine, to try things against.

use std::process::ExitCode;

use clap::Args;

use super::error::Misuse;
use super::global::Invocation;
use crate::lifecycle::Lifecycle;
use crate::sandbox::program::{Listening, NotListening, Options};

/// Run a PostHog on this machine: one project, with faults
///
/// It takes events as capture does, answers queries over them, and can be broken on purpose: GET, PUT (merged) and DELETE
/// /_sandbox/faults. What it holds: GET /_sandbox/events.
#[derive(Debug, Args)]
#[command(after_help = "JSON (one object, once it listens): {address, token, personal_api_key, project_id, speed}.")]
pub struct SandboxCommand {
    /// The same as the sandbox's own program takes.
    #[command(flatten)]
    pub options: Options,
}

impl SandboxCommand {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let lifecycle = Lifecycle::listen()?;
        let listener = self.options.listen().await.map_err(|why| match why {
            NotListening::Remote(_) => Misuse(why.to_string()).into(),
            NotListening::Address(..) => anyhow::Error::new(why),
        })?;
        self.announce(invocation, &self.options.listening(&listener)?)?;
        let stop = lifecycle.stop();
        lifecycle.guard(self.options.sandbox().serve(listener, async move { stop.asked().await })).await??;
        Ok(ExitCode::SUCCESS)
    }

    fn announce(&self, invocation: &Invocation, listening: &Listening) -> anyhow::Result<()> {
        if self.options.json {
            invocation.screen.json(listening)?;
            return Ok(());
        }
        let Listening { address, token, personal_api_key: key, .. } = listening;
        let check = format!("heartbeat check --host {address} --token {token} --personal-api-key {key}");
        invocation.screen.text(&listening.words(&[check]))?;
        Ok(())
    }
}
