//! The certificates of the lab: one authority that is trusted, and whatever can be wrong with those that it signs.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// A folder of PEM files. Each certificate stands in `<name>.pem` with its chain, its key in `<name>.key`, and both in `<name>.both`.
pub(super) struct Certificates {
    folder: PathBuf,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn root(name: &str) -> Self {
        let (params, key) = (authority(name), KeyPair::generate().unwrap());
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn below(&self, name: &str) -> Self {
        let (params, key) = (authority(name), KeyPair::generate().unwrap());
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn server(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1));
    params
}

impl Certificates {
    /// Makes them all, each for `localhost` where its name does not say otherwise.
    pub(super) fn make(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let made = Self { folder: folder.to_owned() };
        let (root, stranger) = (Authority::root("Example Root CA"), Authority::root("Example Private CA"));
        let middle = root.below("Example Issuing CA");
        made.write("root.pem", &root.pem);
        made.write("stranger-root.pem", &stranger.pem);

        let mut expired = server("localhost");
        (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        let mut future = server("localhost");
        (future.not_before, future.not_after) = (date_time_ymd(2080, 1, 1), date_time_ymd(2090, 1, 1));
        made.signed("good", &server("localhost"), &root, "");
        made.signed("expired", &expired, &root, "");
        made.signed("future", &future, &root, "");
        made.signed("wrong-name", &server("shop.example.com"), &root, "");
        made.signed("without-intermediate", &server("localhost"), &middle, "");
        made.signed("with-intermediate", &server("localhost"), &middle, &middle.pem);
        made.signed("private", &server("localhost"), &stranger, "");

        let (params, key) = (server("localhost"), KeyPair::generate().unwrap());
        made.both("self-signed", &params.self_signed(&key).unwrap().pem(), &key);
        made
    }

    /// The file that the program trusts (`SSL_CERT_FILE`).
    pub(super) fn trusted(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    fn signed(&self, name: &str, params: &CertificateParams, by: &Authority, chain: &str) {
        let key = KeyPair::generate().unwrap();
        self.both(name, &(params.signed_by(&key, &by.issuer).unwrap().pem() + chain), &key);
    }

    fn both(&self, name: &str, chain: &str, key: &KeyPair) {
        let key = key.serialize_pem();
        self.write(&format!("{name}.pem"), chain);
        self.write(&format!("{name}.key"), &key);
        self.write(&format!("{name}.both"), &format!("{chain}{key}"));
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }
}
