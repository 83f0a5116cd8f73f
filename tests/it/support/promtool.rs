//! Prometheus's own tools, of Debian's package `prometheus`: what they say of ours.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs `promtool` in a folder with this on its standard input; what it said, and whether it ended well.
pub(crate) fn promtool<A: AsRef<OsStr>>(arguments: &[A], folder: &Path, input: &str) -> (bool, String) {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool can be run: Debian's package `prometheus` has it, and bin/test installs that");
    let mut to = child.stdin.take().expect("it is piped");
    let input = input.to_owned();
    // Beside reading: neither side waits for a pipe that is full.
    let writes = std::thread::spawn(move || to.write_all(input.as_bytes()));
    let done = child.wait_with_output().expect("promtool ends");
    // One that does not read its input has closed the pipe.
    drop(writes.join().expect("writing does not panic"));
    (done.status.success(), format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)))
}
