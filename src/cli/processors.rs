//! The commands that processors declare, among the shell's own.

use clap::{ArgMatches, Command};
use contract::api::{self, Verb};

use crate::registry::PROCESSORS;

/// A command of a processor, and the two words that it is called by.
struct NamedCommand {
    group: &'static str,
    name: &'static str,
    /// Whether it is an old name, which goes on working.
    old: bool,
    command: &'static api::Command,
}

fn named_commands() -> impl Iterator<Item = NamedCommand> {
    PROCESSORS.iter().flat_map(|entry| {
        let processor = entry.name;
        entry.api.commands.iter().flat_map(move |command| {
            let named = |group, name, old| NamedCommand { group, name, old, command };
            match command.verb {
                Verb::Explain => vec![named("explain", processor, false)],
                Verb::Backtest => vec![named("backtest", processor, false)],
                Verb::Own(verb) => vec![named(processor, verb, false), named(verb, processor, true)],
            }
        })
    })
}

/// What the help says of a group.
fn about(group: &str, old: bool) -> String {
    match group {
        group if old => format!("Old name of `ledgerwell <processor> {group}`"),
        "explain" => "Say why something is as it is".into(),
        "backtest" => "Run an engine on files: nothing is stored, nothing is sent".into(),
        group => format!("Do what only the processor {group} can"),
    }
}

/// Adds them all.
pub(super) fn add(mut cli: Command) -> Command {
    let own: Vec<_> = cli.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    // An old name never takes the place of a command of the shell's own.
    let free = |named: &NamedCommand| !(named.old && own.iter().any(|name| name == named.group));
    for NamedCommand { group, name, old, command } in named_commands().filter(free) {
        let leaf = (command.arguments)(Command::new(name));
        let notes = leaf.get_after_help().map(|notes| format!("\n\n{notes}")).unwrap_or_default();
        let leaf = leaf.after_help(format!("{}{notes}", with_examples(None, command.examples)));
        if cli.find_subcommand(group).is_none() {
            let group = Command::new(group).about(about(group, old)).hide(old);
            cli = cli.subcommand(group.subcommand_required(true).arg_required_else_help(true));
        }
        cli = cli.mut_subcommand(group, |group| {
            let examples = with_examples(group.get_after_help(), command.examples);
            group.subcommand(leaf).after_help(examples)
        });
    }
    cli
}

fn with_examples(before: Option<&clap::builder::StyledStr>, examples: &[&str]) -> String {
    let before = before.map_or_else(|| "Examples:".to_owned(), ToString::to_string);
    examples.iter().fold(before, |text, example| format!("{text}\n  {example}"))
}

/// The command that was called, if it is one of theirs.
pub(super) fn find(matches: &ArgMatches) -> Option<(&'static api::Command, &ArgMatches)> {
    let (group, matches) = matches.subcommand()?;
    let (name, matches) = matches.subcommand()?;
    let found = named_commands().find(|named| (named.group, named.name) == (group, name))?;
    Some((found.command, matches))
}
