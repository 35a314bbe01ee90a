//! Whether what another service made can stand in for what we would make. Pure.

use std::fmt;

use super::catalogue::{Catalogue, Column, Index, Reference, Relation};
use super::data_type::holds;

/// Columns by which rows are found: in an adopted table they have to be unique already.
const KEYS: [&str; 3] = ["id", "customer_id", "period"];

/// One reason to refuse.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    location: String,
    expected: String,
    found: String,
}

impl Problem {
    fn new(location: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { location: location.into(), expected: expected.into(), found: found.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { location, expected, found } = self;
        write!(formatter, "{location}: expected {expected}, found {found}")
    }
}

/// Everything in their schema that ours cannot stand on.
pub(super) fn problems(ours: &Catalogue, theirs: &Catalogue) -> Vec<Problem> {
    let relations = ours.tables().filter_map(|table| theirs.relation(&table.name)).filter_map(relation);
    let columns = ours.columns.iter().filter_map(|wanted| column(wanted, ours, theirs));
    let more = theirs.columns.iter().filter_map(|column| extra(column, ours));
    let keys = ours.indexes.iter().filter_map(|index| key(index, theirs));
    let names = ours.indexes.iter().filter_map(|index| name(index, theirs));
    let parents = ours.references.iter().filter_map(|reference| parent(reference, theirs));
    relations.chain(columns).chain(more).chain(keys).chain(names).chain(parents).collect()
}

/// Unique indexes that will be added to adopted tables: their rows must allow it.
pub(super) fn additions<'a>(ours: &'a Catalogue, theirs: &'a Catalogue) -> impl Iterator<Item = &'a Index> {
    ours.indexes.iter().filter(|index| {
        index.named
            && index.unique
            && theirs.table(&index.table).is_some_and(|table| table.owned)
            && !theirs.is_unique(&index.table, &index.columns)
    })
}

/// Their rows do not allow it.
pub(super) fn repeated(index: &Index) -> Problem {
    let location = format!("{}.({})", index.table, index.columns.join(", "));
    Problem::new(location, format!("values that differ, for {}", index.name), "rows with the same values")
}

fn relation(theirs: &Relation) -> Option<Problem> {
    if theirs.kind != "table" {
        return Some(Problem::new(&theirs.name, "table", &theirs.kind));
    }
    // Only an owner may make indexes.
    let expected = "table of this role or of one that is granted to it";
    (!theirs.owned).then(|| Problem::new(&theirs.name, expected, format!("one of {}", theirs.owner)))
}

fn column(wanted: &Column, ours: &Catalogue, theirs: &Catalogue) -> Option<Problem> {
    theirs.table(&wanted.table)?;
    let mut wanted = wanted.clone();
    let points_to_uuid = |reference: &Reference| {
        reference.table == wanted.table
            && reference.column == wanted.name
            && theirs.has_uuid_key(&reference.to)
    };
    if ours.references.iter().any(points_to_uuid) {
        wanted.data_type = "uuid".into();
    }
    misfit(&wanted, theirs.column(&wanted.table, &wanted.name))
}

/// Why their column cannot take what is written into ours.
fn misfit(ours: &Column, theirs: Option<&Column>) -> Option<Problem> {
    let location = format!("{}.{}", ours.table, ours.name);
    let Some(theirs) = theirs else {
        return Some(Problem::new(location, &ours.data_type, "no such column"));
    };
    let (mut expected, mut found) = (ours.data_type.clone(), theirs.data_type.clone());
    let mut fits = holds(&expected, &found);
    if ours.name == "id" {
        if found == "uuid" {
            return None;
        }
        expected += " with a default, or uuid";
        if !theirs.filled {
            fits = false;
            found += " without a default";
        }
    } else {
        if theirs.required && !ours.required {
            fits = false;
            expected += " that may be NULL";
            found += " NOT NULL";
        }
        if theirs.computed {
            fits = false;
            expected += " that can be written";
            found += " GENERATED ALWAYS";
        }
    }
    (!fits).then(|| Problem::new(location, expected, found))
}

/// A column that we know nothing of must fill itself.
fn extra(theirs: &Column, ours: &Catalogue) -> Option<Problem> {
    ours.table(&theirs.table)?;
    let unknown = ours.column(&theirs.table, &theirs.name).is_none();
    (unknown && theirs.required && !theirs.filled).then(|| {
        let location = format!("{}.{}", theirs.table, theirs.name);
        let found = format!("{} NOT NULL without one", theirs.data_type);
        Problem::new(location, "a default, because nothing is written into it", found)
    })
}

fn key(ours: &Index, theirs: &Catalogue) -> Option<Problem> {
    let [column] = ours.columns.as_slice() else { return None };
    let missing = ours.unique
        && KEYS.contains(&column.as_str())
        && theirs.table(&ours.table).is_some()
        && !theirs.is_unique(&ours.table, &ours.columns);
    missing.then(|| Problem::new(format!("{}.{column}", ours.table), "a unique index", "none"))
}

/// An index of our name is taken for ours, so it has to be on our table, and unique where ours is.
fn name(ours: &Index, theirs: &Catalogue) -> Option<Problem> {
    let relation = theirs.relation(&ours.name).filter(|_| ours.named)?;
    let found = match theirs.index(&ours.name) {
        Some(index) => {
            let enough = !ours.unique || theirs.is_unique(&ours.table, &ours.columns);
            if index.table == ours.table && enough {
                return None;
            }
            describe(index)
        }
        None => relation.kind.clone(),
    };
    Some(Problem::new(&ours.name, describe(ours), found))
}

fn describe(index: &Index) -> String {
    let kind = if index.unique { "a unique index" } else { "an index" };
    format!("{kind} on {} ({})", index.table, index.columns.join(", "))
}

/// A table of ours refers to its parent by number.
fn parent(reference: &Reference, theirs: &Catalogue) -> Option<Problem> {
    let to_be_made = theirs.relation(&reference.table).is_none();
    (to_be_made && theirs.has_uuid_key(&reference.to)).then(|| {
        let expected = format!(
            "integer, because {} is missing and its {} refers to it",
            reference.table, reference.column
        );
        Problem::new(format!("{}.id", reference.to), expected, "uuid")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &str) -> Column {
        let (table, name, data_type) = ("t".into(), name.into(), data_type.into());
        Column { table, name, data_type, required: false, filled: false, computed: false }
    }

    fn index(name: &str, table: &str, columns: &[&str], unique: bool) -> Index {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Index { table: table.into(), name: name.into(), columns, unique, named: true }
    }

    /// A schema whose tables are those of its columns.
    fn catalogue(columns: Vec<Column>, indexes: Vec<Index>) -> Catalogue {
        let relation = |name: &str, kind: &str| {
            let (name, kind) = (name.to_owned(), kind.to_owned());
            Relation { name, kind, owner: "someone".into(), owned: true }
        };
        let tables: std::collections::BTreeSet<_> = columns.iter().map(|column| &column.table).collect();
        let relations = tables
            .into_iter()
            .map(|name| relation(name, "table"))
            .chain(indexes.iter().map(|index| relation(&index.name, "index")))
            .collect();
        Catalogue { relations, columns, indexes, references: Vec::new() }
    }

    fn said(problem: Option<Problem>) -> String {
        problem.map(|problem| problem.to_string()).unwrap_or_default()
    }

    #[test]
    fn only_a_table_that_we_may_index_fits() {
        let found = |kind: &str, owned| {
            said(relation(&Relation { name: "t".into(), kind: kind.into(), owner: "ai".into(), owned }))
        };
        assert_eq!(found("table", true), "");
        assert_eq!(found("view", true), "t: expected table, found view");
        assert!(found("table", false).ends_with("found one of ai"));
    }

    #[test]
    fn a_key_is_a_number_with_a_default_or_a_uuid() {
        let ours = Column { required: true, filled: true, ..column("id", "integer") };
        let theirs = |data_type, filled| Column { required: true, filled, ..column("id", data_type) };
        assert_eq!(misfit(&ours, Some(&theirs("bigint", true))), None);
        assert_eq!(misfit(&ours, Some(&theirs("uuid", false))), None);
        assert_eq!(
            said(misfit(&ours, Some(&theirs("integer", false)))),
            "t.id: expected integer with a default, or uuid, found integer without a default"
        );
        assert!(misfit(&ours, Some(&theirs("smallint", true))).is_some());
    }

    #[test]
    fn a_column_has_to_take_null_where_ours_does() {
        let (ours, strict) = (column("note", "text"), Column { required: true, ..column("note", "text") });
        assert_eq!(
            said(misfit(&ours, Some(&strict))),
            "t.note: expected text that may be NULL, found text NOT NULL"
        );
        assert_eq!(misfit(&strict, Some(&strict)), None);
        assert_eq!(misfit(&strict, Some(&ours)), None);
        assert_eq!(said(misfit(&ours, None)), "t.note: expected text, found no such column");
        let computed = Column { computed: true, ..column("note", "text") };
        assert!(misfit(&ours, Some(&computed)).is_some());
    }

    #[test]
    fn an_extra_column_has_to_fill_itself() {
        let ours = catalogue(vec![column("note", "text")], vec![]);
        let required = Column { required: true, ..column("tenant", "integer") };
        assert_eq!(extra(&column("tenant", "integer"), &ours), None);
        assert_eq!(extra(&Column { filled: true, ..required.clone() }, &ours), None);
        assert!(said(extra(&required, &ours)).starts_with("t.tenant: expected a default"));
        assert_eq!(extra(&Column { table: "elsewhere".into(), ..required }, &ours), None);
    }

    #[test]
    fn an_index_of_our_name_is_on_our_table_and_as_unique() {
        let ours = index("idx", "t", &["a", "b"], true);
        let has = |indexes| catalogue(vec![column("a", "text")], indexes);
        assert_eq!(name(&ours, &has(vec![])), None);
        assert_eq!(name(&ours, &has(vec![index("idx", "t", &["b", "a"], true)])), None);
        assert_eq!(
            said(name(&ours, &has(vec![index("idx", "other", &["a"], false)]))),
            "idx: expected a unique index on t (a, b), found an index on other (a)"
        );
        assert!(name(&ours, &has(vec![index("idx", "t", &["a", "b"], false)])).is_some());
        assert_eq!(
            name(&index("idx", "t", &["a"], false), &has(vec![index("idx", "t", &["b"], false)])),
            None
        );
    }

    #[test]
    fn a_child_follows_its_parents_key() {
        let reference =
            || Reference { table: "child".into(), column: "parent_id".into(), to: "parent".into() };
        let made = |table: &str, column: Column| Column { table: table.into(), filled: true, ..column };
        let mut ours = catalogue(
            vec![made("parent", column("id", "integer")), made("child", column("parent_id", "integer"))],
            vec![],
        );
        ours.references.push(reference());
        let uuid_parent = || made("parent", column("id", "uuid"));
        let found = |columns| problems(&ours, &catalogue(columns, vec![]));
        assert!(
            found(vec![uuid_parent()])[0]
                .to_string()
                .starts_with("parent.id: expected integer, because child")
        );
        assert!(found(vec![uuid_parent(), made("child", column("parent_id", "uuid"))]).is_empty());
        let number = made("child", column("parent_id", "integer"));
        assert_eq!(
            found(vec![uuid_parent(), number])[0].to_string(),
            "child.parent_id: expected uuid, found integer"
        );
    }
}
