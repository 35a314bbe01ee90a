//! The declarations: [`table!`](crate::table) for the row of a table, [`tables!`](crate::tables) for all tables of a processor.

/// Declares the row of a working table and implements [`Table`](crate::Table) for it. The table's name has no schema: the
/// connection's search path begins with the processor's, or with that of a shadow version.
///
/// ```
/// contract::table! {
///     /// A currency.
///     pub struct Currency in "currency" key (id: i32) {
///         /// ISO 4217 code.
///         pub name: String,
///     }
/// }
/// ```
///
/// A table outside the processor's schema is `public`. Another service may have made it, so each of its columns says which type
/// it is read and written as, and what stands for NULL where there is an `or`:
///
/// ```
/// contract::table! {
///     /// A customer's score.
///     pub struct Score in public "credit_scores" key (customer_id: i32 as "int") {
///         /// Its name.
///         pub customer_name: String as "text" or "''",
///         /// 0 to 100.
///         pub credit_score: Option<rust_decimal::Decimal> as "numeric",
///     }
/// }
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[$doc:meta])*
        pub struct $name:ident in $($public:ident)? $table:literal key ($($key:ident: $key_type:ty $(as $key_cast:literal)?),+) {
            $($(#[$column_doc:meta])* pub $column:ident: $type:ty $(as $cast:literal $(or $null:literal)?)?,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(#[doc = "Part of the key."] pub $key: $key_type,)+
            $($(#[$column_doc])* pub $column: $type,)*
        }

        impl $name {
            const KEYS: &'static [$crate::sql::Column] = &[
                $($crate::sql::Column { name: stringify!($key), cast: concat!("" $(, $key_cast)?), null: "" },)+
            ];
            const COLUMNS: &'static [$crate::sql::Column] = &[
                $($crate::sql::Column { name: stringify!($key), cast: concat!("" $(, $key_cast)?), null: "" },)+
                $($crate::sql::Column {
                    name: stringify!($column),
                    cast: concat!("" $(, $cast)?),
                    null: concat!("" $($(, $null)?)?),
                },)*
            ];
        }

        impl $crate::Table for $name {
            const STORED: $crate::StoredTable = $crate::StoredTable {
                name: $table,
                keys: &[$(stringify!($key),)+],
                columns: &[$(stringify!($key),)+ $(stringify!($column),)*],
                public: !concat!("" $(, stringify!($public))?).is_empty(),
            };

            #[allow(unused_parens)]
            type Key = ($($key_type),+);

            fn key(&self) -> Self::Key {
                ($(self.$key),+)
            }

            fn select() -> String {
                $crate::sql::select($table, Self::COLUMNS)
            }

            fn read(row: &$crate::reexport::sqlx::postgres::PgRow, check: bool) -> $crate::reexport::sqlx::Result<Self> {
                $crate::read_row!(row, check, $($key,)+ $($column,)*)
            }

            async fn upsert(
                rows: &[&Self],
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                let sql = $crate::sql::upsert($table, Self::COLUMNS, Self::KEYS.len());
                let query = $crate::reexport::sqlx::query($crate::reexport::sqlx::AssertSqlSafe(sql));
                $(let query = query.bind(rows.iter().map(|row| row.$key).collect::<Vec<_>>());)+
                $(let query = query.bind(rows.iter().map(|row| row.$column.clone()).collect::<Vec<_>>());)*
                query.execute(connection).await.map(drop)
            }

            async fn delete(
                keys: &[Self::Key],
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                let sql = $crate::sql::delete($table, Self::KEYS);
                let query = $crate::reexport::sqlx::query($crate::reexport::sqlx::AssertSqlSafe(sql));
                $crate::Key::bind(keys, query).execute(connection).await.map(drop)
            }

            async fn clear(connection: &mut $crate::reexport::sqlx::PgConnection) -> $crate::reexport::sqlx::Result<()> {
                let sql = $crate::sql::clear($table, <Self as $crate::Table>::STORED.public);
                let query = $crate::reexport::sqlx::query($crate::reexport::sqlx::AssertSqlSafe(sql));
                query.execute(connection).await.map(drop)
            }
        }
    };
}

/// Reads columns by their indices, so that no name is looked up in any row.
#[doc(hidden)]
#[macro_export]
macro_rules! read_row {
    ($row:ident, $check:ident, $($column:ident,)+) => {{
        use $crate::reexport::sqlx::Row as _;
        let mut indices = 0_usize..;
        // Fields are evaluated in the order in which they are written here, which is that of the query.
        Ok(Self {
            $($column: {
                let index = indices.next().unwrap_or_default();
                if $check { $row.try_get(index)? } else { $row.try_get_unchecked(index)? }
            },)+
        })
    }};
}

/// Declares all tables of a processor, one line each, in the order in which they are saved. A line with `from` names
/// the source table whose rows are stored in it: [`FromSource`](crate::FromSource) says how, and `by` names the struct
/// of its key columns where that is not `id`.
///
/// It gives the struct with a [`Rows`](crate::Rows) per table, which is a [`TableSet`](crate::TableSet), and the enum of the
/// changes that the processor reads, which is a [`Decode`](crate::Decode) and [`Keyed`](crate::Keyed).
///
/// ```
/// use contract::{FromSource, Invalid};
///
/// contract::table! {
///     /// A country.
///     pub struct Country in "country" key (id: i32) {
///         /// ISO 3166 code.
///         pub code: String,
///     }
/// }
///
/// contract::table! {
///     /// How many partners a country has.
///     pub struct Count in "count" key (country_id: i32) {
///         /// Partners.
///         pub partners: i32,
///     }
/// }
///
/// contract::tables! {
///     /// Everything that is stored.
///     pub struct Tables;
///     /// A row's new state; `None` when it is gone or cannot matter.
///     pub enum RowChange;
///
///     countries: Country from "res_country",
///     counts: Count,
/// }
///
/// /// `res_country`
/// #[derive(serde::Deserialize)]
/// pub struct CountryColumns {
///     code: String,
/// }
///
/// impl FromSource for Country {
///     type Columns<'a> = CountryColumns;
///
///     fn from_columns(id: i32, columns: CountryColumns) -> Result<Option<Self>, Invalid> {
///         Ok(Some(Self { id, code: columns.code }))
///     }
/// }
/// ```
#[macro_export]
macro_rules! tables {
    (
        $(#[$doc:meta])*
        pub struct $tables:ident;
        $(#[$change_doc:meta])*
        pub enum $change:ident;

        $($field:ident: $row:ident $(from $source:literal $(by $key:ty)?)?,)+
    ) => {
        $(#[$doc])*
        #[derive(Default)]
        pub struct $tables {
            $(#[doc = concat!("Rows of [`", stringify!($row), "`].")] pub $field: $crate::Rows<$row>,)+
        }

        impl $crate::TableSet for $tables {
            const STORED: &'static [$crate::StoredTable] = &[$(<$row as $crate::Table>::STORED,)+];

            async fn load(connection: &mut $crate::reexport::sqlx::PgConnection) -> $crate::reexport::sqlx::Result<Self> {
                Ok(Self { $($field: $crate::Rows::load(connection).await?,)+ })
            }

            async fn save(
                &mut self,
                connection: &mut $crate::reexport::sqlx::PgConnection,
            ) -> $crate::reexport::sqlx::Result<()> {
                $(self.$field.save(connection).await?;)+
                Ok(())
            }

            fn clear_table(&mut self, source: &str) {
                match source {
                    $($($source => self.$field.clear(),)?)+
                    _ => {}
                }
            }

            fn show(&self) -> Vec<String> {
                let mut rows = Vec::new();
                $(rows.extend(self.$field.show(<$row as $crate::Table>::STORED.name));)+
                rows
            }

            fn reverse(&mut self) {
                $(self.$field.reverse();)+
            }
        }

        $(#[$change_doc])*
        #[derive(Clone, Debug)]
        #[allow(clippy::large_enum_variant, reason = "most changes are of the largest rows")]
        pub enum $change {
            $($(#[doc = concat!("`", $source, "`")] $row(<$row as $crate::Table>::Key, Option<$row>),)?)+
        }

        impl $crate::Decode for $change {
            const TABLES: &'static [&'static str] = &[$($($source,)?)+];

            type Tables = $tables;

            fn columns() -> Vec<(&'static str, &'static [&'static str])> {
                vec![$($(($source, $crate::source::columns::<<$row as $crate::FromSource>::Columns<'static>>()),)?)+]
            }

            fn decode(change: &$crate::Change<'_>) -> Result<$crate::Decoded<Self>, $crate::Rejected> {
                match change.table {
                    $($($source => {
                        let decoded = $crate::source::decode::<$row, $crate::tables!(@key $($key)?)>(change)?;
                        Ok(decoded.map(|(key, row)| Self::$row(key, row)))
                    })?)+
                    other => Err($crate::Rejected::record("a table that is read", other)),
                }
            }

            fn may_be_partial(table: &str) -> bool {
                match table {
                    $($($source => !<$row as $crate::FromSource>::KEPT.is_empty(),)?)+
                    _ => false,
                }
            }

            fn complete(partial: $crate::Partial<Self>, tables: &Self::Tables) -> Option<Self> {
                let $crate::Partial { mut change, unavailable } = partial;
                match &mut change {
                    $($(Self::$row(key, Some(row)) => {
                        let _ = $source;
                        $crate::source::keep(row, tables.$field.get(*key)?, &unavailable);
                    })?)+
                    // Of a row that is gone nothing is stored.
                    _ => {}
                }
                Some(change)
            }
        }

        impl $crate::Keyed for $change {
            fn row(&self) -> (&'static str, String) {
                match self {
                    $($(Self::$row(key, _) => ($source, format!("{key:?}")),)?)+
                }
            }

            fn is_deletion(&self) -> bool {
                match self {
                    $($(Self::$row(_, row) => { let _ = $source; row.is_none() })?)+
                }
            }

            fn deletion(&self) -> Self {
                match self {
                    $($(Self::$row(key, _) => { let _ = $source; Self::$row(*key, None) })?)+
                }
            }
        }
    };
    (@key $key:ty) => { $key };
    (@key) => { $crate::source::Id };
}

/// Declares an enum whose values are stored, emitted and asked for as words: one declaration for its text in tables, events, JSON,
/// query parameters and the API's description. With `else`, a word that is not known is read from a table as that value: another
/// service may have written it.
///
/// ```
/// contract::text_enum! {
///     /// What a hold is.
///     pub enum HoldStatus {
///         /// There is none.
///         None = "none",
///         /// The customer is held.
///         Held = "held",
///     }
/// }
/// assert_eq!(HoldStatus::Held.as_str(), "held");
/// assert_eq!("none".parse(), Ok(HoldStatus::None));
/// assert!("hold".parse::<HoldStatus>().unwrap_err().contains("none, held"));
/// ```
#[macro_export]
macro_rules! text_enum {
    (
        $(#[$doc:meta])*
        pub enum $name:ident $(else $fallback:ident)? {
            $($(#[$variant_doc:meta])* $variant:ident = $text:tt,)+
        }
    ) => {
        // The words are no `literal`: the description would not see through it, and name the variants instead.
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize, ::utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All values, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let known = Self::ALL.iter().copied().find(|value| value.as_str() == text);
                known.ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|value| value.as_str()).collect();
                    format!("`{text}` is none of {}", words.join(", "))
                })
            }
        }

        impl $crate::reexport::sqlx::Type<$crate::reexport::sqlx::Postgres> for $name {
            fn type_info() -> $crate::reexport::sqlx::postgres::PgTypeInfo {
                <str as $crate::reexport::sqlx::Type<$crate::reexport::sqlx::Postgres>>::type_info()
            }

            fn compatible(of: &$crate::reexport::sqlx::postgres::PgTypeInfo) -> bool {
                <str as $crate::reexport::sqlx::Type<$crate::reexport::sqlx::Postgres>>::compatible(of)
            }
        }

        impl $crate::Word for $name {}

        impl $crate::reexport::sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> $crate::reexport::sqlx::postgres::PgTypeInfo {
                <String as $crate::reexport::sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }

        impl<'q> $crate::reexport::sqlx::Encode<'q, $crate::reexport::sqlx::Postgres> for $name {
            fn encode_by_ref(
                &self,
                buffer: &mut $crate::reexport::sqlx::postgres::PgArgumentBuffer,
            ) -> Result<$crate::reexport::sqlx::encode::IsNull, $crate::reexport::sqlx::error::BoxDynError> {
                <&str as $crate::reexport::sqlx::Encode<$crate::reexport::sqlx::Postgres>>::encode(self.as_str(), buffer)
            }
        }

        impl<'r> $crate::reexport::sqlx::Decode<'r, $crate::reexport::sqlx::Postgres> for $name {
            fn decode(
                value: $crate::reexport::sqlx::postgres::PgValueRef<'r>,
            ) -> Result<Self, $crate::reexport::sqlx::error::BoxDynError> {
                let text = <&str as $crate::reexport::sqlx::Decode<$crate::reexport::sqlx::Postgres>>::decode(value)?;
                let known: Result<Self, String> = text.parse();
                $(let known: Result<Self, String> = known.or(Ok(Self::$fallback));)?
                known.map_err(Into::into)
            }
        }
    };
}
