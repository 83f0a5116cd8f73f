//! Parses the database address: an SQLite file or a PostgreSQL server. No error quotes a password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::OpenError;
use crate::model::check_login;

/// Each loop needs one connection for a short time. The pages use the others.
const POOL_SIZE: u32 = 8;
const MOST_CONNECTIONS: u32 = 64;

/// Prints without user names and passwords.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

#[derive(Clone)]
pub(super) struct Server {
    printed: String,
    pub(super) options: PgConnectOptions,
    pub(super) pool_size: u32,
    /// How long to wait for a silent server, if the address sets it.
    pub(super) connect_timeout: Option<Duration>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.printed)
    }
}

impl Address {
    /// Accepts `postgres://...`, `sqlite:path`, `sqlite://path` or a path.
    pub(super) fn parse(text: &str) -> Result<Self, OpenError> {
        let text = text.trim();
        match text.split_once(':') {
            Some(("postgres" | "postgresql", _)) => Self::postgres(text),
            Some(("sqlite", path)) => Self::sqlite(path.strip_prefix("//").unwrap_or(path)),
            Some((scheme, rest)) if rest.starts_with("//") => Err(OpenError::UnknownDatabase(scheme.to_owned())),
            _ => Self::sqlite(text),
        }
    }

    fn sqlite(path: &str) -> Result<Self, OpenError> {
        match path {
            "" => Err(OpenError::NoAddress("it does not name a file".into())),
            ":memory:" => Err(OpenError::NoAddress("an in-memory database would lose what was sent; give a file".into())),
            _ if path.contains(['?', '#', '\0']) => {
                Err(OpenError::NoAddress("a path for SQLite cannot contain `?`, `#` or a zero byte".into()))
            }
            _ => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }

    fn postgres(text: &str) -> Result<Self, OpenError> {
        check_login(text).map_err(|says| OpenError::NoAddress(format!("it {says}")))?;
        let url = Url::parse(text).map_err(|wrong| OpenError::NoAddress(format!("it is not a valid postgres:// address: {wrong}")))?;
        if !text.contains("://") {
            return Err(OpenError::NoAddress("it is not a valid postgres:// address: the two slashes are missing".into()));
        }
        let database = url.path().trim_matches('/');
        if database.is_empty() {
            return Err(OpenError::NoAddress("it does not name a database: postgres://user@host/DATABASE".into()));
        }
        let Ours { bare, pool_size, connect_timeout } = Ours::taken_from(&url)?;
        let options = PgConnectOptions::from_str(bare.as_str()).map_err(|_| {
            // The driver's error may quote a part of the address.
            OpenError::NoAddress(
                "the PostgreSQL driver cannot parse it; it must look like postgres://user:password@host:5432/database?sslmode=require"
                    .into(),
            )
        })?;
        // A pooler rejects a connection that sets a parameter it does not know.
        let options = options.extra_float_digits(None);
        let host = url.host_str().unwrap_or("local");
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let printed = format!("postgres://{host}{port}/{database}");
        Ok(Self::Postgres(Box::new(Server { printed, options, pool_size, connect_timeout })))
    }
}

/// Parameters that the driver does not support: some of libpq's, which many addresses have, and our pool size.
struct Ours {
    /// The address without them.
    bare: Url,
    pool_size: u32,
    connect_timeout: Option<Duration>,
}

const DRIVERS: [&str; 17] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

impl Ours {
    fn taken_from(url: &Url) -> Result<Self, OpenError> {
        let mut ours = Self { bare: url.clone(), pool_size: POOL_SIZE, connect_timeout: None };
        ours.bare.set_query(None);
        for (key, value) in url.query_pairs() {
            let wrong = |says: &str| Err(OpenError::NoAddress(format!("its parameter {key} {says}")));
            match (&*key, &*value) {
                ("pool_size", number) => match number.parse() {
                    Ok(number @ 1..=MOST_CONNECTIONS) => ours.pool_size = number,
                    _ => return wrong(&format!("must be from 1 to {MOST_CONNECTIONS}")),
                },
                ("connect_timeout", seconds) => match seconds.parse() {
                    Ok(seconds @ 1..=300) => ours.connect_timeout = Some(Duration::from_secs(seconds)),
                    _ => return wrong("must be a number of seconds from 1 to 300"),
                },
                // libpq offers channel binding where possible; our driver never does. Writes always need a primary, because a standby
                // rejects them.
                ("channel_binding", "disable" | "prefer") | ("target_session_attrs", "any" | "primary" | "read-write") => {}
                ("channel_binding", _) => {
                    return wrong(
                        "must be `prefer` or left out: this driver does not support channel binding; sslmode=verify-full verifies the name of the server",
                    );
                }
                ("target_session_attrs", _) => return wrong("must be `read-write` or left out, because Heartbeat writes"),
                (supported, _) if DRIVERS.contains(&supported) || supported.starts_with("options[") => {
                    ours.bare.query_pairs_mut().append_pair(&key, &value);
                }
                _ => {
                    return wrong(
                        "is not supported; supported are sslmode, sslrootcert, sslcert, sslkey, host, port, user, application_name, options, connect_timeout and pool_size",
                    );
                }
            }
        }
        Ok(ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(text: &str) -> String {
        Address::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_address_says_what_would_be_right_and_keeps_the_password() {
        for (text, says) in [
            ("", "does not name a file"),
            ("sqlite:", "does not name a file"),
            ("sqlite://", "does not name a file"),
            ("sqlite::memory:", "give a file"),
            (":memory:", "give a file"),
            ("sqlite:x.db?mode=ro", "cannot contain `?`"),
            ("mysql://root:hunter2@localhost/x", "`mysql` is not a supported database"),
            ("http://user:hunter2@localhost/x", "`http` is not a supported database"),
            ("postgres://user:hunter2@localhost", "does not name a database"),
            ("postgres://user:hunter2@localhost/", "does not name a database"),
            ("postgres://user:hunter2@local host/x", "not a valid postgres:// address"),
            ("postgres://user:hunter2@localhost:99999/x", "not a valid postgres:// address"),
            ("postgres://user:hunter2@localhost/x?sslmode=hunter2", "driver cannot parse it"),
            ("postgres:hunter2", "slashes are missing"),
            ("postgres://me:12?hunter2@localhost/x", "? as %3F"),
            ("postgres://me@localhost/x?pool_size=0", "pool_size must be from 1 to 64"),
            ("postgres://me@localhost/x?connect_timeout=soon", "connect_timeout must be a number of seconds"),
            ("postgres://me@localhost/x?channel_binding=require", "channel_binding must be `prefer`"),
            ("postgres://me@localhost/x?target_session_attrs=standby", "Heartbeat writes"),
            ("postgres://me@localhost/x?gssencmode=hunter2", "gssencmode is not supported"),
        ] {
            let said = rejected(text);
            assert!(said.contains(says), "{text}: {said}");
            assert!(!said.contains("hunter2"), "{text}: {said}");
        }
    }

    #[test]
    fn every_way_to_write_a_file_is_known() {
        for (text, path) in [
            ("heartbeat.db", "heartbeat.db"),
            ("/var/lib/heartbeat.db", "/var/lib/heartbeat.db"),
            ("sqlite:heartbeat.db", "heartbeat.db"),
            ("sqlite://heartbeat.db", "heartbeat.db"),
            ("sqlite:///var/lib/heartbeat.db", "/var/lib/heartbeat.db"),
            (" odd:name.db ", "odd:name.db"),
        ] {
            let Address::Sqlite(found) = Address::parse(text).unwrap() else { panic!("{text}") };
            assert_eq!(found, PathBuf::from(path), "{text}");
        }
    }

    #[test]
    fn parameters_of_libpq_and_ours_are_understood() {
        let text = "postgres://me@localhost/x?sslmode=disable&connect_timeout=7&channel_binding=prefer&target_session_attrs=read-write&pool_size=1";
        let Address::Postgres(server) = Address::parse(text).unwrap() else { panic!() };
        assert_eq!((server.pool_size, server.connect_timeout), (1, Some(Duration::from_secs(7))));
        for socket in ["postgres:///x?host=/var/run/postgresql", "postgres://%2Fvar%2Frun%2Fpostgresql/x"] {
            let Address::Postgres(server) = Address::parse(socket).unwrap() else { panic!("{socket}") };
            assert_eq!(server.options.get_socket().map(|path| path.display().to_string()).as_deref(), Some("/var/run/postgresql"));
        }
    }

    #[test]
    fn a_server_is_shown_without_user_and_password() {
        let address = Address::parse("postgresql://anna:hunter2@db.example.com:5433/beats?sslmode=require").unwrap();
        let Address::Postgres(server) = &address else { panic!("{address:?}") };
        assert_eq!(server.to_string(), "postgres://db.example.com:5433/beats");
        assert!(!format!("{address:?}").contains("hunter2"));
    }
}
