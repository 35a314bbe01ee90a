//! What holds of every Odoo database, whatever its version.

/// Tables that have rows in every Odoo database with accounting: installing it fills them. A snapshot that lacks one of them, though
/// it was captured before, has not read the whole database; any other table that a whole snapshot does not bring is empty.
pub const NEVER_EMPTY: [&str; 5] =
    ["res_company", "res_partner", "res_currency", "res_country", "account_account"];

/// Columns that some of the supported versions of Odoo do not have, each with the table that has their values there; without one,
/// there are none.
const ABSENT: [((&str, &str), Option<&str>); 3] = [
    // Odoo 19 has one number per person: <https://github.com/odoo/odoo/pull/189739>.
    (("res_partner", "mobile"), None),
    (("crm_lead", "mobile"), None),
    // Odoo 17 keeps what differs between companies by itself: <https://github.com/odoo/odoo/blob/17.0/odoo/addons/base/models/ir_property.py>.
    (("res_partner", "credit_limit"), Some("ir_property")),
];

/// Whether a version of Odoo does without this column.
pub(crate) fn may_be_absent(table: &str, column: &str) -> bool {
    ABSENT.iter().any(|(absent, _)| *absent == (table, column))
}

/// The table that has the values of a column in a version of Odoo that does without it.
pub fn kept_elsewhere(table: &str, column: &str) -> Option<&'static str> {
    elsewhere(table, column).map(|(_, elsewhere)| elsewhere)
}

/// The same, behind the column's name.
pub(crate) fn elsewhere(table: &str, column: &str) -> Option<(&'static str, &'static str)> {
    let absent = ABSENT.iter().find(|(absent, _)| *absent == (table, column));
    absent.and_then(|((_, column), elsewhere)| Some((*column, (*elsewhere)?)))
}
