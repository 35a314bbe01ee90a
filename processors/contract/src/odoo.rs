//! What holds of every Odoo database, whatever its version.

/// Tables that have rows in every Odoo database with accounting: installing it fills them. So a snapshot that brings all of these
/// has captured the database, and a table that it does not bring is empty.
pub const NEVER_EMPTY: [&str; 5] =
    ["res_company", "res_partner", "res_currency", "account_account", "account_move_line"];
