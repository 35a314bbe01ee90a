//! Where the HTTP endpoint listens.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

/// What stands before the path of a Unix socket.
const UNIX: &str = "unix:";

/// Where the HTTP endpoint listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// `127.0.0.1:8080`
    Tcp(SocketAddr),
    /// `unix:/run/ledgerwell/http.sock`: who may write to the file may connect.
    Unix(PathBuf),
}

impl Default for Listen {
    fn default() -> Self {
        Self::Tcp(SocketAddr::from(([127, 0, 0, 1], 8080)))
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let listen = match text.strip_prefix(UNIX) {
            Some(path) => path.starts_with('/').then(|| Self::Unix(path.into())),
            None => text.parse().ok().map(Self::Tcp),
        };
        listen.ok_or_else(|| {
            let expected = "an address and a port such as 127.0.0.1:8080, or unix: and an absolute path";
            de::Error::custom(format!("listen is `{text}`: it has to be {expected}"))
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_a_port_or_on_a_socket() {
        let parse = |text: &str| Listen::deserialize(toml::Value::String(text.to_owned()));
        for text in ["127.0.0.1:8080", "[::1]:80", "unix:/run/ledgerwell/http.sock"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        for text in ["8080", "localhost:80", "unix:http.sock", ""] {
            assert!(parse(text).unwrap_err().to_string().contains("127.0.0.1:8080"), "{text}");
        }
    }
}
