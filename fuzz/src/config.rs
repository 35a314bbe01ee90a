//! Target `config`: a configuration file.

use std::path::PathBuf;
use std::sync::LazyLock;

use ledgerwell::config::{Config, Needs};

/// One file, written again for each input.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("ledgerwell-fuzz-{}.toml", std::process::id())));

/// See the module.
pub fn drive(input: &[u8]) {
    // Values that are kept in files would have us read whatever the input names.
    if input.windows(4).any(|word| word == b"file") || input.contains(&b'\\') {
        return;
    }
    let written = std::fs::write(&*FILE, input);
    assert!(written.is_ok(), "the input could not be written: {written:?}");
    let environment = |name: &str| (name != "NOTHING").then(|| format!("{name}-secret"));
    let config = Config::load(Some(&FILE), environment, ledgerwell::registry::names(), Needs::Everything);
    let _ = std::fs::remove_file(&*FILE);
    match config {
        Ok(config) => {
            assert!(!config.sources.is_empty() && config.kafka().get("bootstrap.servers").is_some());
            for source in &config.sources {
                assert!(!source.identity().name.is_empty());
            }
            assert!(!format!("{config:?}").contains("-secret"), "what is secret is never shown");
        }
        Err(error) => assert!(!error.to_string().is_empty(), "an error says what to change"),
    }
}
