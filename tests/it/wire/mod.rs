//! Exchanges with PostHog, for both sides of the wire. The format is described in `README.md` beside this file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// One exchange.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireFile {
    /// The file's name without its ending.
    #[serde(skip)]
    pub(crate) name: String,
    /// The situation, in a sentence.
    pub(crate) what: String,
    /// Where it was read or measured, in brackets.
    pub(crate) source: String,
    /// JSON for the sandbox's faults.
    faults: Option<String>,
    pub(crate) request: WireRequest,
    pub(crate) answer: WireAnswer,
    pub(crate) client: Option<WireClient>,
}

/// What the client makes of the answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireClient {
    pub(crate) reads: String,
    #[serde(default)]
    pub(crate) words: String,
    /// Whether it tries again.
    #[serde(default)]
    pub(crate) again: bool,
    /// Whether its own request has the recorded form.
    #[serde(default)]
    pub(crate) asks: bool,
}

/// What is sent to PostHog.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireRequest {
    pub(crate) method: String,
    /// With the query string.
    pub(crate) path: String,
    packed: Option<Packing>,
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Packing {
    Gzip,
}

/// What PostHog answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireAnswer {
    pub(crate) status: u16,
    /// Empty when it does not matter.
    pub(crate) content_type: String,
    /// A whole body.
    pub(crate) body: String,
    contains: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}

impl WireFile {
    /// All of them, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/wire");
        let mut files = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
            .map(|path| Self::read(&path))
            .collect::<Vec<_>>();
        files.sort_by(|one, another| one.name.cmp(&another.name));
        files
    }

    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let file: Self = toml::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Self { name, ..file }
    }

    /// The faults in which it happens.
    pub(crate) fn faults(&self) -> Option<Value> {
        self.faults.as_ref().map(|faults| serde_json::from_str(faults).unwrap_or_else(|why| panic!("{}: {why}", self.name)))
    }
}

impl WireRequest {
    /// The body as it goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.packed {
            None => self.body.clone().into_bytes(),
            Some(Packing::Gzip) => {
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                packed.write_all(self.body.as_bytes()).unwrap();
                packed.finish().unwrap()
            }
        }
    }
}

impl WireAnswer {
    /// What about an answer is not as recorded; nothing when it is.
    pub(crate) fn compare(&self, status: u16, header: impl Fn(&str) -> String, body: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if status != self.status {
            wrong.push(format!("status {status} and not {}", self.status));
        }
        if !self.content_type.is_empty() && header("content-type") != self.content_type {
            wrong.push(format!("content type {} and not {}", header("content-type"), self.content_type));
        }
        for (name, value) in &self.headers {
            if &header(name) != value {
                wrong.push(format!("{name}: {} and not {value}", header(name)));
            }
        }
        match &self.contains {
            Some(parts) => {
                wrong.extend(parts.iter().filter(|part| !body.contains(*part)).map(|part| format!("`{part}` is not in `{body}`")));
            }
            None if alike(body, &self.body) => {}
            None => wrong.push(format!("body `{body}` and not `{}`", self.body)),
        }
        wrong
    }
}

/// Whether two bodies say the same: JSON whatever its order, all else to the letter.
fn alike(one: &str, another: &str) -> bool {
    match (serde_json::from_str::<Value>(one), serde_json::from_str::<Value>(another)) {
        (Ok(one), Ok(another)) => one == another,
        _ => one == another,
    }
}
