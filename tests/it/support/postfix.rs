//! A real Postfix, with its configuration, queue and mails in a temporary folder, on an address of loopback that nobody else has.

use std::process::{Child, Command};
use std::sync::atomic::{AtomicU8, Ordering};

use rustls::pki_types::CertificateDer;

use super::postgres;
use super::scripted::eventually;

/// Starts it at the address `$1` with the certificate `$2`, prints its folder, and stops it when its standard input ends, as it does with the test process.
/// It takes mail for `a@example.org`, and for nobody else there.
const POSTFIX: &str = r#"
set -eu
PATH=$PATH:/usr/sbin:/sbin
postfix=$(command -v postfix) || {
    echo "there is none: install Debian's postfix (bin/test sets up what the tests need)" >&2; exit 3; }
dir=$(mktemp -d /tmp/heartbeat-postfix.XXXXXX)
chmod 755 "$dir"
mkdir "$dir/etc" "$dir/queue" "$dir/data" "$dir/mail"
chown postfix "$dir/data" "$dir/mail"
printf '%s' "$2" >"$dir/tls.pem"
chmod 600 "$dir/tls.pem"
cat >"$dir/etc/main.cf" <<END
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
command_directory = /usr/sbin
daemon_directory = $(postconf -dh daemon_directory)
maillog_file_prefixes = $dir
maillog_file = $dir/log
myhostname = mail.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = inline:{ { a@example.org = a/ } }
virtual_uid_maps = static:$(id -u postfix)
virtual_gid_maps = static:$(id -g postfix)
virtual_minimum_uid = 1
smtpd_tls_chain_files = $dir/tls.pem
END
cat >"$dir/etc/master.cf" <<END
$1:25 inet n - n - - smtpd
$1:587 inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
cleanup unix n - n - 0 cleanup
tlsmgr unix - - n 1000? 1 tlsmgr
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
END
stop() { kill "$(cat "$dir/queue/pid/master.pid")" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"; }
trap stop EXIT
trap 'exit 1' INT TERM HUP
"$postfix" -c "$dir/etc" start-fg >"$dir/out" 2>&1 </dev/null &
until grep -q 'daemon started' "$dir/log" 2>/dev/null; do
    kill -0 $! 2>/dev/null || { echo "Postfix did not start" >&2; cat "$dir/out" "$dir/log" >&2; exit 3; }
    sleep 0.05
done
echo "$dir"
cat >/dev/null
"#;

static STARTED: AtomicU8 = AtomicU8::new(0);

/// It ends when this is dropped.
pub(crate) struct Postfix {
    /// It speaks plain text on port 25, and STARTTLS on port 587.
    pub(crate) address: String,
    pub(crate) certificate: CertificateDer<'static>,
    folder: String,
    /// What runs a command as root.
    root: &'static [&'static str],
    child: Child,
}

impl Postfix {
    /// None where nobody may be root: it needs to be, and only on a developer's own machine it is not.
    #[expect(clippy::print_stderr, reason = "a developer is told what this machine cannot test")]
    pub(crate) async fn start() -> Option<Self> {
        let may = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
        let root: &[&str] = match () {
            () if postgres::is_root() => &[],
            () if may(Command::new("sudo").args(["-n", "true"])) => &["sudo", "-n"],
            () => {
                eprintln!("not held to Postfix: it is started by root alone, and this is neither root nor a user who may `sudo -n`");
                return None;
            }
        };
        let process = std::process::id();
        let address = format!("127.{}.{}.{}", 1 + process / 256 % 255, process % 256, 1 + STARTED.fetch_add(1, Ordering::Relaxed));
        let made = rcgen::generate_simple_self_signed([address.clone()]).unwrap();
        let certificate = made.cert.der().clone();
        let pem = made.signing_key.serialize_pem() + &made.cert.pem();
        let at = address.clone();
        let started = tokio::task::spawn_blocking(move || postgres::start_by(root, "Postfix", POSTFIX, &[&at, &pem]));
        let (folder, child) = started.await.unwrap();
        Some(Self { address, certificate, folder, root, child })
    }

    /// The mails that it delivered, whole.
    pub(crate) fn mails(&self) -> Vec<String> {
        let script = r#"for mail in "$1"/mail/*/new/*; do [ ! -e "$mail" ] || { cat "$mail"; printf '\0'; }; done"#;
        let command = ["sh", "-c", script, "sh", self.folder.as_str()];
        let mut words = self.root.iter().chain(&command);
        let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
    }

    /// Waits for so many of them.
    pub(crate) async fn until_delivered(&self, count: usize) -> Vec<String> {
        eventually(|| self.mails().len() >= count).await;
        self.mails()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
