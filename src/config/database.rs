//! The address of the database.

use std::fmt;
use std::path::{Path, PathBuf};

use super::conceal;
use crate::model::{Invalid, check_login};

const SQLITE: &str = "sqlite:";
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];

/// Printed without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Database(String);

impl Database {
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(format!("{SQLITE}{}", path.display()))
    }

    /// A relative path is resolved against `directory`.
    pub fn parse(text: &str, directory: Option<&Path>) -> Result<Self, Invalid> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix(SQLITE) {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match (path, directory) {
                ("", _) => Err(Invalid::unusable(text, "names no file; give `sqlite:PATH`")),
                (":memory:", _) => Err(Invalid::unusable(text, "is not persistent; give `sqlite:PATH`")),
                (_, Some(directory)) => Ok(Self::at(&directory.join(path))),
                (_, None) => Ok(Self(format!("{SQLITE}{path}"))),
            };
        }
        if POSTGRES.iter().any(|scheme| text.starts_with(scheme)) {
            check_login(text)?;
            return match url::Url::parse(text) {
                Ok(_) => Ok(Self(text.to_owned())),
                Err(wrong) => Err(Invalid::unquoted(format!("is not a PostgreSQL address: {wrong}; give `postgres://host/database`"))),
            };
        }
        if is_libpq(text) {
            let because = "is written as libpq's `key=value` pairs; write `postgres://user:password@host:5432/database`";
            return Err(Invalid::unquoted(because));
        }
        if text.is_empty() {
            Err(Invalid::Empty("give `sqlite:PATH` or `postgres://...`"))
        } else if text.contains(':') {
            let kind = text.split_inclusive(':').next().unwrap_or_default();
            Err(Invalid::unusable(kind, "is not a supported database; give `sqlite:PATH` or `postgres://...`"))
        } else {
            Err(Invalid::unusable(text, format!("does not say which kind of database; did you mean `sqlite:{text}`?")))
        }
    }

    /// Contains the password: only for the connection.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let path = self.0.strip_prefix(SQLITE)?;
        Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
    }
}

/// The key-value format of libpq: `host=db dbname=beats`.
fn is_libpq(text: &str) -> bool {
    const KEYS: [&str; 10] = ["dbname", "host", "hostaddr", "passfile", "password", "port", "service", "sslmode", "sslpassword", "user"];
    let mut keys = text.rmatch_indices('=').filter_map(|(at, _)| text[..at].split_whitespace().next_back());
    keys.any(|key| KEYS.contains(&key))
}

/// Without login and parameters: PostgreSQL accepts a password in either.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = conceal(&self.0);
        f.write_str(shown.split('?').next().unwrap_or_default())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_never_prints_its_password() {
        let database = Database::parse("postgres://me:hunter2@db/x?password=hunter2", None).unwrap();
        assert_eq!(format!("{database} {database:?}"), "postgres://***@db/x postgres://***@db/x");
        assert!(database.url().contains("hunter2"));
    }

    #[test]
    fn a_path_in_a_file_starts_from_the_file() {
        let near = Database::parse("sqlite:x.db", Some(Path::new("/etc/heartbeat"))).unwrap();
        assert_eq!(near.file(), Some(PathBuf::from("/etc/heartbeat/x.db")));
        let far = Database::parse("sqlite:///var/x.db?mode=ro", Some(Path::new("/etc"))).unwrap();
        assert_eq!(far.file(), Some(PathBuf::from("/var/x.db")));
        assert_eq!(Database::parse("sqlite://x.db", None).unwrap().url(), "sqlite:x.db");
    }

    #[test]
    fn what_is_no_database_is_told_what_is() {
        for (text, says) in [
            ("", "is empty"),
            ("heartbeat.db", "did you mean `sqlite:heartbeat.db`?"),
            ("sqlite:", "names no file"),
            ("sqlite::memory:", "is not persistent"),
            ("mysql://me:hunter2@db/x", "`mysql:` is not a supported database"),
            ("postgres://me:hunter2@:x/db", "is not a PostgreSQL address"),
            ("host=db password=hunter2 dbname=x", "postgres://user:password@host:5432/database"),
            ("password = 'hunter2' host = db", "postgres://user:password@host:5432/database"),
            ("host=db password='my hunter2'", "postgres://user:password@host:5432/database"),
            ("postgres://me:hun/hunter2@db/x", "/ as %2F"),
            ("postgres://me:12?hunter2@db/x", "? as %3F"),
            ("postgres://me:12#hunter2@db/x", "# as %23"),
            ("postgres://me:h@hun/hunter2@db/x", "@ as %40"),
        ] {
            let wrong = Database::parse(text, None).unwrap_err().to_string();
            assert!(wrong.contains(says), "{text}: {wrong}");
            assert!(!conceal(&wrong).contains("hunter2"), "{text}: {wrong}");
        }
    }
}
