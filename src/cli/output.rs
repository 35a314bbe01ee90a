//! Results for people as tables, for programs as JSON.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

pub(super) use contract::api::output::{failed, json, table, thousands};

/// A progress bar on standard error; silent where nobody watches.
pub(super) fn progress(total: u64, what: &'static str, bytes: bool) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let figures =
        if bytes { "{bytes}/{total_bytes} ({bytes_per_sec})" } else { "{human_pos}/{human_len} ({per_sec})" };
    let template = format!("{what} {{bar:40}} {figures}, {{eta}} left");
    let bar = ProgressBar::new(total);
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
