//! What holds of every Odoo database, whatever its version.

/// Tables that have rows in every Odoo database with accounting: installing it fills them. A snapshot that lacks one of them, though
/// it was captured before, has not read the whole database; any other table that a whole snapshot does not bring is empty.
pub const NEVER_EMPTY: [&str; 5] =
    ["res_company", "res_partner", "res_currency", "res_country", "account_account"];
