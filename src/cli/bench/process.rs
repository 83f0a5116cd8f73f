//! Child processes, and what Linux says about them: processor time, memory, file descriptors.

use std::fs;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Whether this system has the files that are read here.
pub(super) const IS_MEASURABLE: bool = cfg!(target_os = "linux");

/// Linux counts processor time in hundredths of a second, whatever the kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// A child process. It is killed when this is dropped.
pub struct Process(Child);

impl Process {
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        // In a group of its own: Ctrl-C on the terminal is for the parent, which ends its children.
        let child = command.process_group(0).kill_on_drop(true).spawn();
        child.map(Self).with_context(|| format!("cannot start {}", command.as_std().get_program().display()))
    }

    pub(super) fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        self.0.stdin.take().zip(self.0.stdout.take())
    }

    /// For the functions below.
    #[must_use]
    pub fn id(&self) -> String {
        self.0.id().map(|id| id.to_string()).unwrap_or_default()
    }

    /// None while it runs.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.0.try_wait()?)
    }

    /// Kills it, and waits until it has ended.
    pub async fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill().await;
    }
}

/// The time that process `id` (or `self`) has used the processors, and that of its children that have ended.
pub fn processor_time(id: &str) -> anyhow::Result<(Duration, Duration)> {
    let stat = read(id, "stat")?;
    // The second field, the name in brackets, may contain anything.
    let fields = stat.rsplit_once(')').with_context(|| unknown("stat"))?.1;
    let ticks: Vec<u32> = fields.split_whitespace().skip(11).take(4).map_while(|field| field.parse().ok()).collect();
    let [user, system, user_of_children, system_of_children] = ticks[..] else { anyhow::bail!(unknown("stat")) };
    Ok((TICK * (user + system), TICK * (user_of_children + system_of_children)))
}

/// A line of `/proc/{id}/status` in KiB: `VmHWM` is the peak of the memory, `VmRSS` the memory now.
pub fn memory_kib(id: &str, line: &str) -> anyhow::Result<u64> {
    let status = read(id, "status")?;
    let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':')).with_context(|| unknown(line))?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}

/// File descriptors in use, and their limit.
pub(super) fn descriptors(id: &str) -> anyhow::Result<(u64, u64)> {
    let open = fs::read_dir(format!("/proc/{id}/fd")).context("cannot read /proc")?.count();
    let limits = read(id, "limits")?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    Ok((open as u64, limit.and_then(|limit| limit.parse().ok()).unwrap_or(u64::MAX)))
}

fn read(id: &str, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{id}/{file}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}, which exists on Linux only"))
}

fn unknown(what: &str) -> String {
    format!("/proc has no `{what}` of the known form")
}
