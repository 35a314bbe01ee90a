//! What holds of every Odoo database, whatever its version.

/// Tables that have rows in every Odoo database with accounting: installing it fills them. A snapshot that lacks one of them, though
/// it was captured before, has not read the whole database; any other table that a whole snapshot does not bring is empty.
pub const NEVER_EMPTY: [&str; 5] =
    ["res_company", "res_partner", "res_currency", "res_country", "account_account"];

/// Columns that some of the supported versions of Odoo do not have: they are NULL there.
const ABSENT: [(&str, &str); 2] = [
    // Odoo 19 has one number per person: <https://github.com/odoo/odoo/pull/189739>.
    ("res_partner", "mobile"),
    ("crm_lead", "mobile"),
];

/// Whether a version of Odoo does without this column.
pub(crate) fn may_be_absent(table: &str, column: &str) -> bool {
    ABSENT.contains(&(table, column))
}
