//! Certificates, made for each run by `openssl`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The names that this machine is reached by.
pub const HERE: &str = "DNS:localhost,IP:127.0.0.1";

/// Somebody who signs certificates.
pub struct Authority {
    folder: PathBuf,
    name: &'static str,
}

impl Authority {
    /// A new one.
    pub fn new(folder: &Path, name: &'static str) -> Self {
        let authority = Self { folder: folder.to_owned(), name };
        let (subject, key, certificate) =
            (format!("/CN={name}"), format!("{name}.key"), format!("{name}.crt"));
        let make = ["req", "-x509", "-days", "2", "-subj", &subject, "-keyout", &key, "-out", &certificate];
        openssl(folder, &[&make, &KEY[..]].concat());
        authority
    }

    /// What its certificates are verified with.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join(format!("{}.crt", self.name))
    }

    /// A server's certificate for some names, for some days from now: `name.crt` and `name.key`, and both in
    /// `name.pem`.
    pub fn sign(&self, name: &str, names: &str, days: i32) {
        let (key, request, extension) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.ext"));
        let folder = &self.folder;
        openssl(
            folder,
            &[&["req", "-subj", "/CN=server", "-keyout", &key, "-out", &request], &KEY[..]].concat(),
        );
        std::fs::write(folder.join(&extension), format!("subjectAltName={names}\n")).unwrap();
        let (ca, ca_key) = (format!("{}.crt", self.name), format!("{}.key", self.name));
        let (days, certificate) = (days.to_string(), format!("{name}.crt"));
        let sign = [
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            &days,
        ];
        openssl(folder, &[&sign[..], &["-extfile", &extension, "-out", &certificate]].concat());
        let parts = [&key, &certificate].map(|file| std::fs::read_to_string(folder.join(file)).unwrap());
        std::fs::write(folder.join(format!("{name}.pem")), parts.concat()).unwrap();
    }
}

/// A key that is fast to make, not protected by a password.
const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output();
    let output = output.expect("openssl makes the certificates of this test: install it");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
