//! `docs/security.md`, which this test applies word for word.

use std::collections::BTreeSet;

use super::acls::Acl;

const TEXT: &str = include_str!("../../../docs/security.md");

/// What is between the fences of each block of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    TEXT.split(fence.as_str()).skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// The statements of each block of SQL, without their comments.
pub fn statements() -> Vec<Vec<String>> {
    let statements = |block: &str| {
        let lines: Vec<_> = block.lines().filter(|line| !line.starts_with("--")).collect();
        let statements = lines.join("\n");
        let statements = statements.split(';').map(str::trim).filter(|statement| !statement.is_empty());
        statements.map(str::to_owned).collect()
    };
    blocks("sql").into_iter().map(statements).collect()
}

/// The table of ACLs.
pub fn acls() -> Vec<Acl> {
    let rows = TEXT.lines().skip_while(|line| !line.starts_with("| Resource |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        Acl::new(cells[1], cells[2], cells[3], cells[4])
    })
    .collect()
}

/// The ACLs that the commands below the table give.
pub fn acls_of_commands() -> BTreeSet<Acl> {
    let commands =
        blocks("sh").into_iter().flat_map(str::lines).filter(|line| line.starts_with("kafka-acls.sh"));
    let acls = |command: &str| {
        let words: Vec<_> = command.split(' ').collect();
        let values = |option: &str| {
            let option = format!("--{option}");
            words
                .windows(2)
                .filter(|pair| pair[0] == option)
                .map(|pair| pair[1].to_owned())
                .collect::<Vec<_>>()
        };
        assert!(words[1] == "--add" && values("allow-principal") == ["User:ledgerwell"], "{command}");
        let pattern = values("resource-pattern-type").pop().unwrap_or_else(|| "literal".into());
        let resource =
            ["topic", "group", "transactional-id"].into_iter().find(|kind| !values(kind).is_empty()).unwrap();
        let name = values(resource).remove(0);
        values("operation")
            .into_iter()
            .map(move |operation| Acl::new(resource, &name, &pattern, &operation))
            .collect::<Vec<_>>()
    };
    commands.flat_map(acls).collect()
}
