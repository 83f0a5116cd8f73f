//! A PostgreSQL of the tests' own: one cluster for the test process, one database for each test, nothing left behind.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use heartbeat::store::open;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::OnceCell;

use crate::store::bed::cipher;

/// Finds the programs of PostgreSQL, and makes a temporary folder. Whatever is started in it is stopped, and the folder removed, when the standard
/// input ends: that end comes with the test process, however that ends. PostgreSQL listens on a socket in the folder, so there is no port to guess.
const PREPARE: &str = r#"
set -eu
bin=
for initdb in "$(command -v initdb || true)" $(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -rV) /usr/local/pgsql/bin/initdb; do
    if [ -x "$initdb" ]; then bin=$(dirname "$(readlink -f "$initdb")"); break; fi
done
if [ -z "$bin" ]; then
    echo "PostgreSQL (initdb) is not on this machine: run bin/test, which sets up what the tests need" >&2
    exit 3
fi
dir=$(mktemp -d /tmp/heartbeat-postgres.XXXXXX)
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
run() { "$@" >>"$dir/log" 2>&1 </dev/null || { cat "$dir/log" >&2; exit 1; }; }
"#;
/// An empty cluster.
const EMPTY: &str = r#"
run "$bin/initdb" -D "$dir/data" -U heartbeat -A trust -E UTF8 --no-sync --no-instructions
"#;
/// A copy of the cluster in the folder `$1`, which follows it and only reads until it is promoted.
const STANDBY: &str = r#"
run "$bin/pg_basebackup" -h "$1" -U heartbeat -D "$dir/data" -R -X stream -c fast --no-sync
"#;
/// Starts what was made, prints where, and serves.
const SERVE: &str = r#"
run "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" \
    -o "-k $dir -c listen_addresses= -c fsync=off -c max_connections=200 -c timezone=Pacific/Chatham" start
echo "$dir"
cat >/dev/null
"#;

/// The cluster's folder, and the shell that watches over it: its standard input is ours, and ends with us.
static CLUSTER_OF_THIS_PROCESS: OnceLock<(String, Child)> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The database that [`migrated_database`] copies.
const TEMPLATE: &str = "migrated";

/// The address of a new, empty database.
pub(crate) async fn fresh_database() -> String {
    create("template1").await
}

/// The address of a new database with the newest schema and nothing in it: a copy of one that the store has brought up to date, once for
/// this process. Migrating each anew would be most of what a short test does.
pub(crate) async fn migrated_database() -> String {
    static MIGRATED: OnceCell<()> = OnceCell::const_new();
    MIGRATED
        .get_or_init(|| async {
            execute(&format!("CREATE DATABASE {TEMPLATE}")).await;
            let store = open(&address(TEMPLATE), cipher('A')).await.expect("the template is migrated");
            // A database with a connection to it cannot be copied.
            store.close().await;
        })
        .await;
    create(TEMPLATE).await
}

async fn create(template: &str) -> String {
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    address(&name)
}

fn address(database: &str) -> String {
    format!("postgres://heartbeat@localhost/{database}?host={}", folder())
}

async fn execute(sql: &str) {
    let mut connection = PgConnection::connect(&address("postgres")).await.expect("the tests' own PostgreSQL answers");
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap_or_else(|why| panic!("{sql}: {why}"));
}

/// The cluster's folder, where its socket is.
pub(crate) fn folder() -> &'static str {
    &CLUSTER_OF_THIS_PROCESS.get_or_init(|| start("PostgreSQL", &[PREPARE, EMPTY, SERVE].concat(), &[])).0
}

/// A server of one test's own; it ends when this is dropped.
pub(crate) struct Server {
    folder: String,
    child: Child,
}

impl Server {
    /// An empty PostgreSQL.
    pub(crate) fn empty() -> Self {
        let (folder, child) = start("PostgreSQL", &[PREPARE, EMPTY, SERVE].concat(), &[]);
        Self { folder, child }
    }

    /// A PostgreSQL that follows this one, with what this one holds.
    pub(crate) fn standby(&self) -> Self {
        let (folder, child) = start("PostgreSQL", &[PREPARE, STANDBY, SERVE].concat(), &[&self.folder]);
        Self { folder, child }
    }

    /// The address of its first database.
    pub(crate) fn address(&self) -> String {
        format!("postgres://heartbeat@localhost/postgres?host={}", self.folder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Starts a server by a script that prints its folder, and serves until its standard input ends; not as root, whom neither PostgreSQL nor
/// `PgBouncer` serves.
pub(crate) fn start(server: &str, script: &str, arguments: &[&str]) -> (String, Child) {
    let user: &[&str] = if is_root() { &["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] } else { &[] };
    start_by(user, server, script, arguments)
}

/// The same, by a command that runs the shell as some user.
pub(crate) fn start_by(user: &[&str], server: &str, script: &str, arguments: &[&str]) -> (String, Child) {
    let shell = ["sh", "-c", script, "sh"];
    let mut words = user.iter().chain(&shell).chain(arguments);
    let mut command = Command::new(words.next().expect("there is a shell"));
    command.args(words).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a shell (and, for root, setpriv) can be run");
    let mut folder = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut folder).expect("its output is text");
    if folder.trim().is_empty() {
        let mut said = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("its words are text");
        panic!("no {server} for the tests: {said}");
    }
    (folder.trim().to_owned(), child)
}

pub(crate) fn is_root() -> bool {
    let said = Command::new("id").arg("-u").output().expect("`id` can be run");
    said.stdout.trim_ascii() == b"0"
}
