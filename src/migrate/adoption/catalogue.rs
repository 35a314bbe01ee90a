//! What the current schema holds, as far as it decides whether a table fits.
//!
//! Read from `pg_catalog`, because `information_schema` hides what the role has no privilege on.

use sqlx::{FromRow, PgConnection};

/// Anything that takes a name: a table, an index, a view.
#[derive(FromRow)]
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) owner: String,
    /// Whether the role that migrates is the owner or a member of it.
    pub(super) owned: bool,
}

#[derive(Clone, FromRow)]
pub(super) struct Column {
    pub(super) table: String,
    pub(super) name: String,
    /// As Postgres prints it: `character varying(50)`.
    pub(super) data_type: String,
    /// NOT NULL.
    pub(super) required: bool,
    /// Has a value where an INSERT does not mention it.
    pub(super) filled: bool,
    /// Cannot be written.
    pub(super) computed: bool,
}

#[derive(FromRow)]
pub(super) struct Index {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// Lets no two rows have the same values, and `ON CONFLICT` can name it.
    pub(super) unique: bool,
    /// Made by a CREATE INDEX, not by a constraint.
    pub(super) named: bool,
}

/// A foreign key to the `id` of another table.
#[derive(FromRow)]
pub(super) struct Reference {
    pub(super) table: String,
    pub(super) column: String,
    pub(super) to: String,
}

pub(super) struct Catalogue {
    pub(super) relations: Vec<Relation>,
    pub(super) columns: Vec<Column>,
    pub(super) indexes: Vec<Index>,
    pub(super) references: Vec<Reference>,
}

/// Names of all relations.
pub(super) async fn names(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = quote_ident(current_schema())::regnamespace",
    )
    .fetch_all(connection)
    .await
}

impl Catalogue {
    /// Everything but the tables and indexes named in `except`.
    pub(super) async fn read(except: &[String], connection: &mut PgConnection) -> sqlx::Result<Self> {
        let relations = sqlx::query_as(
            "SELECT relname::text AS name,
                 CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                     WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence'
                     WHEN 'c' THEN 'type' ELSE 'index' END AS kind,
                 pg_get_userbyid(relowner)::text AS owner, pg_has_role(relowner, 'USAGE') AS owned
             FROM pg_class
             WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relname <> ALL($1)",
        );
        let columns = sqlx::query_as(
            "SELECT relname::text AS table, attname::text AS name,
                 format_type(atttypid, atttypmod) AS data_type, attnotnull AS required,
                 atthasdef OR attidentity <> '' AS filled, attgenerated <> '' OR attidentity = 'a' AS computed
             FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
             WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relname <> ALL($1)
                 AND relkind = 'r' AND attnum > 0 AND NOT attisdropped",
        );
        let indexes = sqlx::query_as(
            "SELECT owner.relname::text AS table, index.relname::text AS name,
                 ARRAY(SELECT attname::text
                       FROM UNNEST((indkey::int2[])[0:indnkeyatts - 1]) WITH ORDINALITY AS key(number, ordinal)
                       JOIN pg_attribute ON attrelid = indrelid AND attnum = key.number
                       ORDER BY ordinal) AS columns,
                 indisunique AND indisvalid AND indimmediate AND indpred IS NULL AND indexprs IS NULL
                     AS unique,
                 NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')
                     AS named
             FROM pg_index
             JOIN pg_class AS index ON index.oid = indexrelid JOIN pg_class AS owner ON owner.oid = indrelid
             WHERE index.relnamespace = quote_ident(current_schema())::regnamespace
                 AND index.relname <> ALL($1)",
        );
        let references = sqlx::query_as(
            "SELECT child.relname::text AS table, attname::text AS column, parent.relname::text AS to
             FROM pg_constraint
             JOIN pg_class AS child ON child.oid = conrelid JOIN pg_class AS parent ON parent.oid = confrelid
             JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
             WHERE connamespace = quote_ident(current_schema())::regnamespace AND child.relname <> ALL($1)
                 AND contype = 'f'",
        );
        Ok(Self {
            relations: relations.bind(except).fetch_all(&mut *connection).await?,
            columns: columns.bind(except).fetch_all(&mut *connection).await?,
            indexes: indexes.bind(except).fetch_all(&mut *connection).await?,
            references: references.bind(except).fetch_all(&mut *connection).await?,
        })
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Relation> {
        self.relations.iter().filter(|relation| relation.kind == "table")
    }

    pub(super) fn table(&self, name: &str) -> Option<&Relation> {
        self.tables().find(|table| table.name == name)
    }

    pub(super) fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }

    pub(super) fn column(&self, table: &str, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.table == table && column.name == name)
    }

    pub(super) fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// Whether `table` has a unique index on these columns, in any order.
    pub(super) fn is_unique(&self, table: &str, columns: &[String]) -> bool {
        self.indexes.iter().any(|index| {
            let same = index.columns.len() == columns.len()
                && columns.iter().all(|name| index.columns.contains(name));
            index.unique && index.table == table && same
        })
    }

    pub(super) fn has_uuid_key(&self, table: &str) -> bool {
        self.column(table, "id").is_some_and(|id| id.data_type == "uuid")
    }
}
