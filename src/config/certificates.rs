//! Validates `SSL_CERT_FILE` and `SSL_CERT_DIR`: the TLS library silently ignores what it cannot read.

use std::fs;
use std::io;
use std::path::Path;

use super::Environment;

const FILE: &str = "SSL_CERT_FILE";
const DIRECTORY: &str = "SSL_CERT_DIR";

const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// One sentence for each problem.
#[must_use]
pub fn certificate_problems(environment: &Environment) -> Vec<String> {
    let file = environment.value(FILE).and_then(|path| Some(format!("{FILE} {}", wrong_file(path)?)));
    let directories = environment.value(DIRECTORY).into_iter().flat_map(|list| list.split(':')).filter(|path| !path.is_empty());
    let directories = directories.filter_map(|path| Some(format!("{DIRECTORY} {}", wrong_directory(path)?)));
    file.into_iter().chain(directories).collect()
}

fn wrong_file(path: &str) -> Option<String> {
    let says = match fs::read(path) {
        Ok(text) if text.windows(PEM.len()).any(|part| part == PEM) => return None,
        Ok(_) => "which contains no PEM certificate",
        Err(_) if Path::new(path).is_dir() => "which is a directory; name a file",
        Err(why) => unread(&why),
    };
    Some(format!("names `{path}`, {says}: it adds no trusted authority"))
}

fn wrong_directory(path: &str) -> Option<String> {
    let says = match fs::read_dir(path) {
        Ok(_) => return None,
        Err(_) if Path::new(path).is_file() => "which is a file; name a directory",
        Err(why) => unread(&why),
    };
    Some(format!("names `{path}`, {says}: it adds no trusted authority"))
}

fn unread(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::NotFound => "which does not exist",
        io::ErrorKind::PermissionDenied => "which this user cannot read",
        _ => "which cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_or_holds_no_certificate_is_named_with_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::write(at("ca.pem"), b"# ours\n-----BEGIN CERTIFICATE-----\nMIIB\n").unwrap();
        fs::write(at("key.pem"), b"-----BEGIN PRIVATE KEY-----\n\xff").unwrap();
        let (here, file) = (at(""), at("ca.pem"));
        let problems = |file: &str, directory: &str| certificate_problems(&Environment::of([(FILE, file), (DIRECTORY, directory)]));
        assert!(certificate_problems(&Environment::of([])).is_empty() && problems(&file, &format!("{here}:")).is_empty());
        for (file, says) in
            [(at("none.pem"), "does not exist"), (at("key.pem"), "contains no PEM certificate"), (here.clone(), "is a directory")]
        {
            let said = problems(&file, "");
            assert!(said.len() == 1 && said[0].starts_with(&format!("SSL_CERT_FILE names `{file}`")) && said[0].contains(says), "{said:?}");
        }
        let said = problems("", &[at("none"), here, file].join(":"));
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said[0].starts_with("SSL_CERT_DIR names") && said[0].contains("does not exist") && said[1].contains("is a file"),
            "{said:?}"
        );
    }
}
