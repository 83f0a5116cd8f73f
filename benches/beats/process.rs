//! What the system says of a process: its time on the processors and its memory. And children that end with the bench.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use crate::sink::Intake;

/// Linux counts processor time in ticks of a hundredth of a second, whatever the kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// The time that process `id` (or `self`) has spent on the processors; that of its children which have ended stands beside it.
pub(crate) fn processor_time(id: &str) -> anyhow::Result<(Duration, Duration)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).context("this bench needs Linux's /proc")?;
    // The second field, the name in brackets, may hold anything.
    let fields = stat.rsplit_once(')').context("/proc has no stat as we know it")?.1;
    let ticks: Vec<u32> = fields.split_whitespace().skip(11).take(4).map_while(|field| field.parse().ok()).collect();
    let [user, system, of_children_user, of_children_system] = ticks[..] else { anyhow::bail!("/proc has no stat as we know it") };
    Ok((TICK * (user + system), TICK * (of_children_user + of_children_system)))
}

/// A figure of `/proc/{id}/status` in KiB: `VmHWM` is the peak of memory, `VmRSS` the memory of now.
pub(crate) fn memory_kib(id: &str, figure: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':')).with_context(|| format!("no {figure}"))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// A child process; dropped, it is ended.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self(command.spawn().with_context(|| format!("{} could not be started", command.get_program().display()))?))
    }

    pub(crate) fn id(&self) -> String {
        self.0.id().to_string()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The sink, running.
pub(crate) struct Sink {
    process: Process,
    says: BufReader<ChildStdout>,
    /// Its base address.
    pub(crate) address: String,
}

impl Sink {
    /// This program again, as a sink.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = Process::start(command.arg("sink").stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let says = BufReader::new(process.0.stdout.take().context("the sink has no output")?);
        let mut sink = Self { process, says, address: String::new() };
        sink.address = format!("http://127.0.0.1:{}", sink.line()?.trim());
        Ok(sink)
    }

    /// What came in since the last time.
    pub(crate) fn take(&mut self) -> anyhow::Result<Intake> {
        self.process.0.stdin.as_mut().context("the sink has no input")?.write_all(b"\n")?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        Ok(line)
    }
}
