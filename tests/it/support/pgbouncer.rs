//! A `PgBouncer` before the tests' PostgreSQL, which gives each transaction whatever connection is free.

use std::process::Child;

use super::postgres;

/// Starts it in a temporary folder, prints where, and stops it when its standard input ends, as it does with the test process. It listens on a
/// socket in the folder. What is not set here has its default.
const POOLER: &str = r#"
set -eu
dir=$(mktemp -d /tmp/heartbeat-pgbouncer.XXXXXX)
printf '"heartbeat" ""\n' >"$dir/users"
cat >"$dir/pgbouncer.ini" <<END
[databases]
* = host=$1
[pgbouncer]
unix_socket_dir = $dir
listen_port = 6432
auth_type = trust
auth_file = $dir/users
pool_mode = transaction
default_pool_size = 3
logfile = $dir/log
END
pgbouncer=$(command -v pgbouncer || echo /usr/sbin/pgbouncer)
"$pgbouncer" "$dir/pgbouncer.ini" >/dev/null 2>&1 </dev/null &
trap 'kill $! 2>/dev/null || true; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
# It makes the socket before it listens, and says so after it does.
until grep -q 'process up' "$dir/log" 2>/dev/null; do
    kill -0 $! 2>/dev/null || { echo "PgBouncer did not start (bin/test sets up what the tests need)" >&2; cat "$dir/log" >&2; exit 3; }
    sleep 0.05
done
echo "$dir"
cat >/dev/null
"#;

/// It ends when this is dropped.
pub(crate) struct Pooler {
    folder: String,
    child: Child,
}

impl Pooler {
    pub(crate) fn start() -> Self {
        let (folder, child) = postgres::start("PgBouncer", POOLER, &[postgres::folder()]);
        Self { folder, child }
    }

    /// A database of the tests' PostgreSQL, through it.
    pub(crate) fn before(&self, direct: &str) -> String {
        let name = direct.split('?').next().and_then(|bare| bare.rsplit('/').next()).expect("it names a database");
        format!("postgres://heartbeat@localhost:6432/{name}?host={}", self.folder)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
