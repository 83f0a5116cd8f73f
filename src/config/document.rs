//! The text of a settings file, and the problems found in it.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use super::{Problem, Problems};

/// Bytes; a longer file is not a settings file.
const LONGEST: u64 = 16 * 1024 * 1024;

const STANDARD_INPUT: &str = "-";

#[derive(Debug)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) text: String,
}

impl Document {
    pub(super) fn read(path: &Path) -> Result<Self, Problems> {
        if path == Path::new(STANDARD_INPUT) {
            let mut bytes = Vec::new();
            let read = io::stdin().take(LONGEST + 1).read_to_end(&mut bytes);
            read.map_err(|error| Problem::at("standard input", format_args!("cannot be read: {error}")))?;
            return Self::of_bytes("standard input".to_owned(), bytes);
        }
        let name = path.display().to_string();
        let bytes = bounded(path).map_err(|error| Problem::at(&name, unreadable(path, &error)))?;
        Self::of_bytes(name, bytes)
    }

    fn of_bytes(name: String, bytes: Vec<u8>) -> Result<Self, Problems> {
        let says = match String::from_utf8(bytes) {
            Ok(text) if text.len() as u64 > LONGEST => "is longer than 16 MiB; give a settings file".to_owned(),
            Ok(text) if text.trim_start_matches('\u{feff}').trim().is_empty() => {
                "is empty; `heartbeat config example` prints settings to start from".to_owned()
            }
            Ok(text) => return Ok(Self { name, text }),
            Err(wrong) => {
                let at = wrong.utf8_error().valid_up_to();
                let line = line_of(&wrong.as_bytes()[..at]);
                format!("is not UTF-8 text (line {line}); save it as UTF-8")
            }
        };
        Err(Problem::at(name, says).into())
    }

    /// Reports every syntax error. The text is not quoted, because a line may contain a secret.
    pub(super) fn tables(&self) -> Result<Spanned<DeTable<'_>>, Problems> {
        let (tables, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            return Ok(tables);
        }
        let problems = errors.iter().map(|error| {
            let place = error.span().map_or_else(|| self.name.clone(), |span| self.place(span.start));
            Problem::at(place, format!("is not TOML: {}", error.message().trim().replace('\n', ", ")))
        });
        Err(Problems::of(problems.collect()))
    }

    /// `heartbeat.toml:7` for a byte offset.
    fn place(&self, offset: usize) -> String {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        format!("{}:{}", self.name, line_of(before))
    }
}

fn line_of(before: &[u8]) -> usize {
    before.split(|byte| *byte == b'\n').count()
}

fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; `heartbeat config example` prints one to start from".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read by this user".to_owned(),
        _ if path.is_dir() => "is a directory; give the file in it".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

#[derive(Debug)]
pub(super) struct Findings<'d> {
    document: &'d Document,
    found: RefCell<Vec<(usize, Problem)>>,
}

impl<'d> Findings<'d> {
    pub(super) fn of(document: &'d Document) -> Self {
        Self { document, found: RefCell::default() }
    }

    /// `title` is the name of the section; empty for the top of the file.
    pub(super) fn note(&self, offset: usize, title: &str, problem: Problem) {
        let line = self.document.place(offset);
        let place = if title.is_empty() { line } else { format!("{line}: {title}") };
        self.found.borrow_mut().push((offset, problem.placed(place)));
    }

    pub(super) fn excerpt(&self, span: std::ops::Range<usize>) -> &'d str {
        self.document.text.get(span).unwrap_or_default()
    }

    /// In the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(offset, _)| *offset);
        found.into_iter().map(|(_, problem)| problem).collect()
    }
}
