//! Values that are kept elsewhere than in the configuration, such as passwords: `{ file = "/run/secrets/kafka" }` and
//! `{ env = "NAME" }`.

use serde::Deserialize;
use toml::{Table, Value};

use super::{Invalid, Needs};

/// Where a value is kept.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Location {
    /// In a file that holds nothing else.
    File(String),
    /// In the environment.
    Env(String),
}

/// Fetches what is needed and kept elsewhere: settings of Kafka, and addresses of databases.
pub(super) fn fetch(
    configuration: &mut Table,
    environment: impl Fn(&str) -> Option<String>,
    needs: Needs,
) -> Result<(), Invalid> {
    match configuration.get_mut("kafka") {
        // Who may not read Kafka's password can still migrate.
        Some(kafka) if needs == Needs::Databases => *kafka = Value::Table(Table::new()),
        Some(Value::Table(settings)) => {
            for (key, value) in settings.iter_mut() {
                replace(key, value, &environment)?;
            }
        }
        _ => {}
    }
    let sources = configuration.get_mut("source").and_then(Value::as_array_mut);
    for source in sources.into_iter().flatten().filter_map(Value::as_table_mut) {
        if needs == Needs::Kafka {
            source.remove("database_url");
        } else if let Some(value) = source.get_mut("database_url") {
            replace("database_url", value, &environment)?;
        }
    }
    Ok(())
}

fn replace(
    key: &str,
    value: &mut Value,
    environment: &impl Fn(&str) -> Option<String>,
) -> Result<(), Invalid> {
    if !value.is_table() {
        return Ok(());
    }
    let location = Location::deserialize(value.clone()).map_err(|_| {
        Invalid(format!("{key}: a value that is kept elsewhere is {{ file = \"…\" }} or {{ env = \"…\" }}"))
    })?;
    let found = match location {
        Location::File(file) => {
            std::fs::read_to_string(&file).map_err(|error| Invalid(format!("{key}: file {file}: {error}")))?
        }
        Location::Env(name) => {
            environment(&name).ok_or_else(|| Invalid(format!("{key}: the environment has no {name}")))?
        }
    };
    // Editors and `echo` end a file with a line break that is not part of the secret.
    let found =
        found.strip_suffix('\n').map_or(found.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if found.is_empty() {
        return Err(Invalid(format!("{key}: what is kept for it elsewhere is empty")));
    }
    *value = Value::String(found.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_needed_is_not_fetched() {
        let nowhere = "{ file = \"/nowhere/at/all\" }";
        let text = format!("[kafka]\n\"sasl.password\" = {nowhere}\n[[source]]\ndatabase_url = {nowhere}");
        let fetched = |needs| fetch(&mut toml::from_str(&text).unwrap(), |_| None, needs);
        let error = |needs| fetched(needs).unwrap_err().to_string();
        assert!(error(Needs::Everything).starts_with("sasl.password"));
        assert!(error(Needs::Kafka).starts_with("sasl.password"));
        assert!(error(Needs::Databases).starts_with("database_url"));
    }

    fn fetched(text: &str) -> Result<Table, String> {
        let mut table = toml::from_str(text).unwrap();
        let environment = |name: &str| (name == "SECRET").then(|| "from the environment".to_owned());
        fetch(&mut table, environment, Needs::Everything).map_err(|error| error.to_string()).map(|()| table)
    }

    #[test]
    fn values_come_from_files_and_from_the_environment() {
        let file = std::env::temp_dir().join(format!("ledgerwell-kept-{}", std::process::id()));
        std::fs::write(&file, " from a file\r\n").unwrap();
        let file_text = file.display();
        let table = fetched(&format!(
            "[kafka]\n\"sasl.password\" = {{ file = \"{file_text}\" }}\n\"linger.ms\" = 5\n[[source]]\n[[source]]\ndatabase_url = {{ env = \"SECRET\" }}"
        ));
        std::fs::remove_file(&file).unwrap();
        let table = table.unwrap();
        assert_eq!(table["kafka"]["sasl.password"].as_str(), Some(" from a file"));
        assert_eq!(table["kafka"]["linger.ms"].as_integer(), Some(5));
        assert_eq!(table["source"][1]["database_url"].as_str(), Some("from the environment"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = |value: &str| fetched(&format!("[kafka]\n\"sasl.password\" = {value}")).unwrap_err();
        assert!(error("{ file = \"/nowhere/at/all\" }").starts_with("sasl.password: file /nowhere/at/all: "));
        assert_eq!(error("{ env = \"NOTHING\" }"), "sasl.password: the environment has no NOTHING");
        for wrong in ["{ fil = \"x\" }", "{ file = \"x\", env = \"y\" }", "{ file = 5 }", "{}"] {
            assert!(error(wrong).contains("{ file = \"…\" } or { env = \"…\" }"), "{wrong}");
        }
        assert!(error("{ file = \"/dev/null\" }").contains("empty"));
    }
}
