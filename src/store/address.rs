//! Where the database is: an address in text becomes a file for SQLite or a server for PostgreSQL. No error quotes a password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::OpenError;

/// Where the database is. It prints without user names and passwords.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

/// A PostgreSQL database on its server.
#[derive(Clone)]
pub(super) struct Server {
    shown: String,
    pub(super) options: PgConnectOptions,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Address {
    /// Reads `postgres://...`, `sqlite:path`, `sqlite://path`, or a path alone.
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
            "" => Err(OpenError::NoAddress("it names no file".into())),
            ":memory:" => Err(OpenError::NoAddress("a database in memory would forget what was sent; give a file".into())),
            _ if path.contains(['?', '#', '\0']) => Err(OpenError::NoAddress("a path for SQLite takes no `?`, `#` or zero byte".into())),
            _ => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }

    fn postgres(text: &str) -> Result<Self, OpenError> {
        let url = Url::parse(text).map_err(|wrong| OpenError::NoAddress(format!("it is no postgres:// address: {wrong}")))?;
        if !text.contains("://") {
            return Err(OpenError::NoAddress("it is no postgres:// address: the two slashes are missing".into()));
        }
        let database = url.path().trim_matches('/');
        if database.is_empty() {
            return Err(OpenError::NoAddress("it names no database: postgres://user@host/DATABASE".into()));
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| {
            // The driver's own words may quote a part of the address.
            OpenError::NoAddress(
                "PostgreSQL's driver does not understand it: postgres://user:password@host:5432/database?sslmode=require".into(),
            )
        })?;
        let host = url.host_str().unwrap_or("local");
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let shown = format!("postgres://{host}{port}/{database}");
        Ok(Self::Postgres(Box::new(Server { shown, options })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Address::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_address_says_what_would_be_right_and_keeps_the_password() {
        for (text, says) in [
            ("", "names no file"),
            ("sqlite:", "names no file"),
            ("sqlite://", "names no file"),
            ("sqlite::memory:", "give a file"),
            (":memory:", "give a file"),
            ("sqlite:x.db?mode=ro", "takes no `?`"),
            ("mysql://root:hunter2@localhost/x", "`mysql` is no database"),
            ("http://user:hunter2@localhost/x", "`http` is no database"),
            ("postgres://user:hunter2@localhost", "names no database"),
            ("postgres://user:hunter2@localhost/", "names no database"),
            ("postgres://user:hunter2@local host/x", "no postgres:// address"),
            ("postgres://user:hunter2@localhost:99999/x", "no postgres:// address"),
            ("postgres://user:hunter2@localhost/x?sslmode=hunter2", "does not understand it"),
            ("postgres:hunter2", "slashes are missing"),
        ] {
            let said = refused(text);
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
    fn a_server_is_shown_without_user_and_password() {
        let address = Address::parse("postgresql://anna:hunter2@db.example.com:5433/beats?sslmode=require").unwrap();
        let Address::Postgres(server) = &address else { panic!("{address:?}") };
        assert_eq!(server.to_string(), "postgres://db.example.com:5433/beats");
        assert!(!format!("{address:?}").contains("hunter2"));
    }
}
