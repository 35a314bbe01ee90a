//! One TOML file plus environment. Without a file there is one source, `odoo`, on topic `odoo.changes`.

mod listen;
mod secrets;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use chrono_tz::Tz;
use contract::{Format, TimeUnit};
use rdkafka::ClientConfig;
use serde::{Deserialize, Serialize};

pub use listen::Listen;

/// Everything that can be set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Prefix of result topics, consumer groups and transactional ids: deployments that share a Kafka differ in it.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// The HTTP endpoint.
    #[serde(default)]
    pub http: Http,
    /// librdkafka's settings, passed through: `"bootstrap.servers"`, `"security.protocol"`, …
    #[serde(default)]
    pub kafka: BTreeMap<String, Setting>,
    /// Who may read and ask.
    #[serde(default, rename = "token")]
    pub tokens: Vec<Token>,
    /// The Odoo databases.
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

/// A person's token: only what it is known by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Who becomes the author of what is asked with it.
    pub person: String,
    /// What its bearer may do.
    #[serde(default)]
    pub role: Role,
    /// SHA-256 of the token, in hexadecimal digits. `ledgerwell token` makes both.
    pub sha256: String,
}

/// What the bearer of a token may do; each role may do what those before it may.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read results.
    Reader,
    /// Ask processors for something.
    #[default]
    Controller,
    /// See the raw records of dead letters, and settle them.
    Admin,
}

impl Role {
    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Controller => "controller",
            Self::Admin => "admin",
        }
    }
}

/// What a command has to know; the rest need not be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Where Kafka and the databases are.
    Everything,
    /// Where Kafka is.
    Kafka,
    /// Where the databases are.
    Databases,
}

/// What a token is known by.
pub fn sha256(token: &str) -> String {
    use std::fmt::Write;

    use sha2::{Digest, Sha256};
    Sha256::digest(token.as_bytes()).iter().fold(String::new(), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The HTTP endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where it listens: an address and a port, or `unix:` and the path of a socket.
    #[serde(default)]
    pub listen: Listen,
}

/// One Odoo database: its change stream and the database of its results.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name: part of event keys, consumer groups and metric labels.
    #[serde(default = "default_source")]
    pub name: String,
    /// The topic of its changes: one partition, commit order.
    #[serde(default = "default_topic")]
    pub topic: String,
    /// Where ticks and requests are written when nobody may write to `topic`; `topic` itself when not set. One partition.
    /// Their order against the changes is then not the same when the stream is read again.
    pub control_topic: Option<String>,
    /// The database schema of Odoo's tables; changes of other schemas are passed over.
    #[serde(default = "default_schema")]
    pub schema: String,
    /// The connector's `time.precision.mode`: what timestamps are counted in, where records do not say it.
    #[serde(default)]
    pub time_precision_mode: TimeUnit,
    /// Where results go; `DATABASE_URL` when not set.
    pub database_url: Option<String>,
    /// Where its days begin.
    #[serde(default, deserialize_with = "time_zone")]
    pub time_zone: Tz,
    /// What moves time on while nothing changes.
    #[serde(default)]
    pub clock: Clock,
    /// The company whose currency the company-wide figures are in; the lowest root company when not set.
    pub main_company: Option<i32>,
    /// The processors that run on it; all when not set.
    pub processors: Option<Vec<String>>,
}

/// The value of a librdkafka setting, in whichever TOML type it is natural.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a setting is text, a number, true or false, { file = \"…\" } or { env = \"…\" }"
)]
pub enum Setting {
    /// `"SASL_SSL"`
    Text(String),
    /// `500`
    Number(i64),
    /// `true`
    Switch(bool),
}

/// What moves time on while nothing changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Ticks, written into the stream when something falls due.
    #[default]
    Wall,
    /// Nothing: time is what the changes say. For recordings, tests and demos.
    Feed,
}

// Either may hold a password, so neither ever shows itself.
impl fmt::Debug for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Source")
            .field("name", &self.name)
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

fn default_prefix() -> String {
    "ledgerwell".into()
}

fn default_source() -> String {
    "odoo".into()
}

fn default_schema() -> String {
    "public".into()
}

fn default_topic() -> String {
    "odoo.changes".into()
}

fn time_zone<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse()
        .map_err(|_| serde::de::Error::custom(format!("`{name}` is no IANA time zone such as Europe/Berlin")))
}

/// A configuration that cannot be used. The text says what to change.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Config {
    /// Reads the file, if there is one, and lets the environment fill what it leaves open. It may only name processors that are
    /// known.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown or wrong key, nothing to connect to.
    pub fn load(
        file: Option<&Path>,
        environment: impl Fn(&str) -> Option<String>,
        known: impl IntoIterator<Item = &'static str>,
        needs: Needs,
    ) -> Result<Self, Invalid> {
        let text = match file {
            Some(file) => std::fs::read_to_string(file).map_err(|error| {
                Invalid(format!("{}: {error}. Name the file with --config", file.display()))
            })?,
            None => String::new(),
        };
        let name = file.map_or_else(|| "configuration".into(), |file| file.display().to_string());
        let known: Vec<_> = known.into_iter().collect();
        Self::parse(&text, environment, &known, needs)
            .map_err(|Invalid(why)| Invalid(format!("{name}: {why}")))
    }

    fn parse(
        text: &str,
        environment: impl Fn(&str) -> Option<String>,
        known: &[&str],
        needs: Needs,
    ) -> Result<Self, Invalid> {
        let unusable = |error: toml::de::Error| Invalid(with_nearest(error.message()));
        let mut table: toml::Table = toml::from_str(text).map_err(unusable)?;
        secrets::fetch(&mut table, &environment, needs)?;
        let mut config = Self::deserialize(table).map_err(unusable)?;
        if let Some(servers) = environment("KAFKA_BOOTSTRAP_SERVERS") {
            config.kafka.entry("bootstrap.servers".into()).or_insert(Setting::Text(servers));
        }
        if needs != Needs::Databases && !config.kafka.contains_key("bootstrap.servers") {
            return Err(Invalid(
                "where is Kafka? Set KAFKA_BOOTSTRAP_SERVERS, or \"bootstrap.servers\" under [kafka]".into(),
            ));
        }
        if config.sources.is_empty() {
            config.sources =
                toml::from_str::<Sources>("[[source]]").map_err(|error| Invalid(error.to_string()))?.source;
        }
        for token in &mut config.tokens {
            token.sha256.make_ascii_lowercase();
            token.check()?;
        }
        unique("sha256", config.tokens.iter().map(|token| &token.sha256))?;
        let database_url = environment("DATABASE_URL");
        for source in &mut config.sources {
            if needs != Needs::Kafka {
                source.database_url = source.database_url.take().or_else(|| database_url.clone());
            }
            source.check(known, needs)?;
        }
        unique("name", config.sources.iter().map(|source| &source.name))?;
        let topics =
            config.sources.iter().flat_map(|source| [Some(&source.topic), source.control_topic.as_ref()]);
        unique("topic", topics.flatten())?;
        unique("database_url", config.sources.iter().filter_map(|source| source.database_url.as_ref()))?;
        Ok(config)
    }

    /// Settings that every Kafka client shares.
    pub fn kafka(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        for (key, value) in &self.kafka {
            let value = match value {
                Setting::Text(text) => text.clone(),
                Setting::Number(number) => number.to_string(),
                Setting::Switch(on) => on.to_string(),
            };
            client.set(key, value);
        }
        client
    }
}

#[derive(Deserialize)]
struct Sources {
    source: Vec<Source>,
}

impl Token {
    fn check(&self) -> Result<(), Invalid> {
        let digest = self.sha256.len() == 64 && self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.person.trim().is_empty() || !digest {
            return Err(Invalid(format!(
                "token of `{}`: it needs a person and the 64 hexadecimal digits that `ledgerwell token NAME` prints",
                self.person
            )));
        }
        Ok(())
    }
}

impl Source {
    /// As processors know it.
    pub fn identity(&self) -> contract::Source {
        contract::Source {
            name: self.name.clone(),
            format: Format { schema: self.schema.clone(), time_unit: self.time_precision_mode },
            time_zone: self.time_zone,
            main_company: self.main_company,
        }
    }

    fn check(&self, known: &[&str], needs: Needs) -> Result<(), Invalid> {
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(Invalid(format!(
                "source name `{}`: use letters, digits, `-`, `_` and `.`",
                self.name
            )));
        }
        if needs != Needs::Kafka && self.database_url.is_none() {
            let name = &self.name;
            return Err(Invalid(format!(
                "source {name}: where is Postgres? Set DATABASE_URL, or database_url"
            )));
        }
        let unknown = self.processors.iter().flatten().find(|name| !known.contains(&name.as_str()));
        if let Some(unknown) = unknown {
            return Err(Invalid(format!(
                "source {}: there is no processor `{unknown}`; there are: {}",
                self.name,
                known.join(", ")
            )));
        }
        Ok(())
    }

    /// Whether a processor runs on it.
    pub fn runs(&self, processor: &str) -> bool {
        self.processors.as_ref().is_none_or(|processors| processors.iter().any(|name| name == processor))
    }

    /// Where results go.
    pub fn database_url(&self) -> &str {
        self.database_url.as_deref().unwrap_or_default()
    }
}

/// Two sources never share a topic, a name or a results database: the seed's tables have no column to tell them apart.
fn unique<'a>(key: &str, values: impl Iterator<Item = &'a String>) -> Result<(), Invalid> {
    let mut seen = std::collections::BTreeSet::new();
    for value in values {
        if !seen.insert(value) {
            // A database_url may hold a password.
            let value = if key == "database_url" { String::new() } else { format!(" `{value}`") };
            return Err(Invalid(format!("two have the same {key}{value}; each needs its own")));
        }
    }
    Ok(())
}

/// Adds the nearest known key to serde's complaint about an unknown one.
fn with_nearest(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(unknown) = quoted.next().filter(|_| message.starts_with("unknown ")) else {
        return message.to_owned();
    };
    match quoted.max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)))
    {
        Some(nearest) => format!("unknown key `{unknown}`; did you mean `{nearest}`?"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let environment = |name: &str| match name {
            "KAFKA_BOOTSTRAP_SERVERS" => Some("127.0.0.1:9092".to_owned()),
            "DATABASE_URL" => Some("postgres://127.0.0.1/x".to_owned()),
            _ => None,
        };
        Config::parse(text, environment, &["example"], Needs::Everything).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_file_there_is_one_source() {
        let config = parse("").unwrap();
        assert_eq!(
            (config.sources[0].name.as_str(), config.sources[0].topic.as_str()),
            ("odoo", "odoo.changes")
        );
        assert_eq!((config.prefix.as_str(), config.sources[0].clock), ("ledgerwell", Clock::Wall));
        assert_eq!(config.kafka().get("bootstrap.servers"), Some("127.0.0.1:9092"));
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest() {
        let error = parse("[[source]]\ntopc = \"x\"").unwrap_err();
        assert_eq!(error, "unknown key `topc`; did you mean `topic`?");
        assert!(parse("[[source]]\nclock = \"fed\"").unwrap_err().contains("did you mean `feed`"));
        assert!(parse("[[source]]\nprocessors = [\"exmaple\"]").unwrap_err().contains("there are: example"));
    }

    #[test]
    fn a_time_zone_is_an_iana_name() {
        assert_eq!(
            parse("[[source]]\ntime_zone = \"Europe/Berlin\"").unwrap().sources[0].time_zone,
            Tz::Europe__Berlin
        );
        assert!(parse("[[source]]\ntime_zone = \"Berlin\"").unwrap_err().contains("IANA"));
    }

    #[test]
    fn who_needs_no_database_is_not_told_that_two_sources_share_one() {
        let two = "[[source]]\nname=\"a\"\ndatabase_url=\"x\"\n[[source]]\nname=\"b\"\ntopic=\"t\"\ndatabase_url=\"y\"";
        assert!(Config::parse(two, |_| Some("z".into()), &[], Needs::Kafka).is_ok());
    }

    #[test]
    fn two_sources_share_nothing() {
        let two = "[[source]]\nname=\"a\"\n[[source]]\nname=\"b\"\ntopic=\"t\"";
        let error = parse(two).unwrap_err();
        assert!(error.contains("same database_url") && !error.contains("postgres://"), "{error}");
    }

    #[test]
    fn a_token_is_configured_by_its_digest() {
        let digest = sha256("abc");
        assert_eq!(
            digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "FIPS 180-2, B.1"
        );
        let config = parse(&format!("[[token]]\nperson = \"anna\"\nsha256 = \"{digest}\"")).unwrap();
        assert_eq!((config.tokens[0].person.as_str(), config.tokens[0].role), ("anna", Role::Controller));
        let error = parse("[[token]]\nperson = \"anna\"\nsha256 = \"abc\"").unwrap_err();
        assert!(error.contains("ledgerwell token"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = "database_url = \"postgres://a:geheim@b/c\"";
        let config =
            parse(&format!("[kafka]\n\"sasl.password\" = \"geheim\"\n[[source]]\n{secret}")).unwrap();
        assert_eq!(config.kafka().get("sasl.password"), Some("geheim"));
        let shown = format!("{config:?} {:?}", config.kafka());
        assert!(shown.contains("odoo.changes") && !shown.contains("geheim"), "{shown}");
        for wrong in [
            "[kafka]\n\"sasl.password\" = [\"geheim\"]",
            "[kafka]\n\"sasl.password\" = \"geheim",
            "[[source]]\ndatabase_url = [\"geheim\"]",
            "[[source]]\ndatabase_ur = \"geheim\"",
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(!error.contains("geheim"), "{error}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let parse = |given: &str, needs| {
            let environment = |name: &str| (name == given).then(|| "x".to_owned());
            Config::parse("", environment, &[], needs).map(drop).map_err(|error| error.to_string())
        };
        let (kafka, database) = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL");
        assert!(parse(database, Needs::Everything).unwrap_err().contains(kafka));
        assert!(parse(kafka, Needs::Everything).unwrap_err().contains(database));
        assert!(parse(database, Needs::Kafka).unwrap_err().contains(kafka));
        assert!(parse(kafka, Needs::Databases).unwrap_err().contains(database));
        assert_eq!(parse(kafka, Needs::Kafka), Ok(()));
        assert_eq!(parse(database, Needs::Databases), Ok(()));
    }
}
