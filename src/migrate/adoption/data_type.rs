//! Which column types can stand in for which.

/// Whether a column of type `theirs` takes every value of type `ours`.
pub(super) fn holds(ours: &str, theirs: &str) -> bool {
    match (Kind::new(ours), Kind::new(theirs)) {
        (Kind::Text(ours), Kind::Text(theirs)) => {
            theirs.is_none_or(|theirs| ours.is_some_and(|ours| theirs >= ours))
        }
        (Kind::Integer(ours), Kind::Integer(theirs)) => theirs >= ours,
        (Kind::Numeric(ours), Kind::Numeric(theirs)) => {
            let enough = |(digits, decimals): (i32, i32)| {
                ours.is_some_and(|(our_digits, our_decimals)| {
                    decimals >= our_decimals && digits - decimals >= our_digits - our_decimals
                })
            };
            theirs.is_none_or(enough)
        }
        (ours, theirs) => ours == theirs,
    }
}

/// Types that hold the same things.
#[derive(PartialEq)]
enum Kind<'a> {
    /// With the limit of its length.
    Text(Option<i32>),
    /// With its bytes.
    Integer(u8),
    /// With its digits, and how many of them are decimals.
    Numeric(Option<(i32, i32)>),
    Json,
    Timestamp,
    Other(&'a str),
}

impl<'a> Kind<'a> {
    /// Reads `character varying(50)` or `timestamp(3) without time zone`.
    fn new(data_type: &'a str) -> Self {
        let (name, rest) = data_type.split_once('(').unwrap_or((data_type, ""));
        let (limits, rest) = rest.split_once(')').unwrap_or_default();
        let limits: Vec<i32> = limits.split(',').filter_map(|limit| limit.parse().ok()).collect();
        match (name, limits.as_slice(), rest) {
            ("text" | "character varying" | "bpchar", [], "") => Self::Text(None),
            ("character varying" | "character", &[length], "") => Self::Text(Some(length)),
            ("smallint", [], "") => Self::Integer(2),
            ("integer", [], "") => Self::Integer(4),
            ("bigint", [], "") => Self::Integer(8),
            ("numeric", [], "") => Self::Numeric(None),
            ("numeric", &[digits, decimals], "") => Self::Numeric(Some((digits, decimals))),
            ("json" | "jsonb", [], "") => Self::Json,
            ("timestamp without time zone" | "timestamp with time zone", [], "")
            | ("timestamp", [_], " without time zone" | " with time zone") => Self::Timestamp,
            _ => Self::Other(data_type),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_type_fits_that_takes_every_value_of_ours() {
        for (ours, theirs) in [
            ("character varying(50)", "character varying(50)"),
            ("character varying(50)", "character varying"),
            ("character varying(50)", "text"),
            ("character varying(50)", "character(80)"),
            ("text", "character varying"),
            ("jsonb", "json"),
            ("json", "jsonb"),
            ("timestamp without time zone", "timestamp with time zone"),
            ("timestamp without time zone", "timestamp(3) without time zone"),
            ("integer", "bigint"),
            ("numeric(15,2)", "numeric"),
            ("numeric(15,2)", "numeric(18,4)"),
            ("date", "date"),
            ("boolean", "boolean"),
        ] {
            assert!(holds(ours, theirs), "{ours} in {theirs}");
        }
    }

    #[test]
    fn a_type_does_not_fit_that_lacks_a_value_of_ours() {
        for (ours, theirs) in [
            ("character varying(50)", "character varying(49)"),
            ("text", "character varying(5000)"),
            ("character varying(50)", "character varying(50)[]"),
            ("jsonb", "integer"),
            ("jsonb", "text"),
            ("integer", "smallint"),
            ("integer", "uuid"),
            ("numeric(15,2)", "double precision"),
            ("numeric(15,2)", "numeric(14,2)"),
            ("numeric(5,4)", "numeric(5,2)"),
            // Two more decimals leave two digits less before the point.
            ("numeric(15,2)", "numeric(15,4)"),
            ("date", "timestamp without time zone"),
            ("timestamp without time zone", "date"),
            ("character varying(20)", "status"),
        ] {
            assert!(!holds(ours, theirs), "{ours} in {theirs}");
        }
    }
}
