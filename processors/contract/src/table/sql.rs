//! The statements of a table.

/// A column, as a table declares it.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The type that it is read and written as; empty for the type that it has.
    pub cast: &'static str,
    /// What stands for NULL, as SQL; empty where NULL is read as it is.
    pub null: &'static str,
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// One array parameter per column.
fn arrays(columns: &[Column]) -> String {
    let array = |(number, column): (usize, &Column)| match column.cast {
        "" => format!("${number}"),
        cast => format!("${number}::{cast}[]"),
    };
    (1..).zip(columns).map(array).collect::<Vec<_>>().join(", ")
}

/// All rows.
pub fn select(table: &str, columns: &[Column]) -> String {
    let read = |Column { name, cast, null }: &Column| match (*cast, *null) {
        ("", _) => (*name).to_owned(),
        (cast, "") => format!("{name}::{cast} AS {name}"),
        (cast, null) => format!("COALESCE({name}, {null})::{cast} AS {name}"),
    };
    format!("SELECT {} FROM {table}", columns.iter().map(read).collect::<Vec<_>>().join(", "))
}

/// Inserts rows, or replaces those whose key is there. The first `keys` columns are the key.
pub fn upsert(table: &str, columns: &[Column], keys: usize) -> String {
    let (key, rest) = columns.split_at(keys);
    let set: Vec<_> = rest.iter().map(|Column { name, .. }| format!("{name} = EXCLUDED.{name}")).collect();
    let action = if set.is_empty() { "NOTHING".into() } else { format!("UPDATE SET {}", set.join(", ")) };
    format!(
        "INSERT INTO {table} ({}) SELECT * FROM UNNEST({}) ON CONFLICT ({}) DO {action}",
        names(columns),
        arrays(columns),
        names(key)
    )
}

/// Deletes the rows with these keys.
pub fn delete(table: &str, key: &[Column]) -> String {
    let same: Vec<_> = key.iter().map(|Column { name, .. }| format!("t.{name} = gone.{name}")).collect();
    format!(
        "DELETE FROM {table} AS t USING UNNEST({}) AS gone({}) WHERE {}",
        arrays(key),
        names(key),
        same.join(" AND ")
    )
}

/// Deletes all rows. Others may refer to a table that is not the processor's alone, which therefore cannot be truncated.
pub fn clear(table: &str, public: bool) -> String {
    if public { format!("DELETE FROM {table}") } else { format!("TRUNCATE {table}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(name: &'static str) -> Column {
        Column { name, cast: "", null: "" }
    }

    #[test]
    fn an_upsert_binds_one_array_per_column() {
        let columns = ["a", "b", "c"].map(plain);
        assert_eq!(
            upsert("link", &columns, 2),
            "INSERT INTO link (a, b, c) SELECT * FROM UNNEST($1, $2, $3) \
             ON CONFLICT (a, b) DO UPDATE SET c = EXCLUDED.c"
        );
        assert!(upsert("t", &columns[..1], 1).ends_with("ON CONFLICT (a) DO NOTHING"));
    }

    #[test]
    fn a_table_of_another_service_is_read_and_written_as_our_types() {
        let columns = [
            Column { name: "id", cast: "int", null: "" },
            Column { name: "name", cast: "text", null: "''" },
            Column { name: "score", cast: "numeric", null: "" },
        ];
        assert_eq!(
            select("t", &columns),
            "SELECT id::int AS id, COALESCE(name, '')::text AS name, score::numeric AS score FROM t"
        );
        assert_eq!(
            upsert("t", &columns, 1),
            "INSERT INTO t (id, name, score) SELECT * FROM UNNEST($1::int[], $2::text[], $3::numeric[]) \
             ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, score = EXCLUDED.score"
        );
    }

    #[test]
    fn a_delete_joins_on_every_key_column() {
        assert_eq!(
            delete("t", &["a", "b"].map(plain)),
            "DELETE FROM t AS t USING UNNEST($1, $2) AS gone(a, b) WHERE t.a = gone.a AND t.b = gone.b"
        );
    }

    #[test]
    fn what_others_may_refer_to_is_not_truncated() {
        assert_eq!(clear("t", false), "TRUNCATE t");
        assert_eq!(clear("t", true), "DELETE FROM t");
    }
}
