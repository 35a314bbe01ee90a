//! What holds of every Odoo database, whatever its version.

/// Tables that have rows in every Odoo database with accounting: installing it fills them. A snapshot that lacks one of them, though
/// it was captured before, has not read the whole database; any other table that a whole snapshot does not bring is empty.
pub const NEVER_EMPTY: [&str; 5] =
    ["res_company", "res_partner", "res_currency", "res_country", "account_account"];

/// Columns that rows may come without, each with the table that has their values then; without one, they are NULL.
const ABSENT: [((&str, &str), Option<&str>); 60] = [
    // Odoo 19 has one number per person: <https://github.com/odoo/odoo/pull/189739>.
    (("res_partner", "mobile"), None),
    (("crm_lead", "mobile"), None),
    // Odoo 19 made units of measure anew: <https://github.com/odoo/odoo/blob/19.0/addons/uom/models/uom_uom.py>.
    (("sale_order_line", "product_uom"), None),
    (("sale_order_line", "product_uom_id"), None),
    (("uom_uom", "relative_factor"), None),
    (("uom_uom", "rounding"), None),
    // Odoo 17 keeps what differs between companies by itself: <https://github.com/odoo/odoo/blob/17.0/odoo/addons/base/models/ir_property.py>.
    (("res_partner", "credit_limit"), Some("ir_property")),
    // Connectors that list columns were set up before these were read. Without them an order is its customer's, in the company's
    // currency, in one unit of measure, and nothing of it was paid in advance.
    (("account_move_line", "amount_currency"), None),
    (("account_move_line", "currency_id"), None),
    (("account_move_line", "is_downpayment"), None),
    (("account_move_line", "product_uom_id"), None),
    (("sale_order", "amount_total"), None),
    (("sale_order", "amount_untaxed"), None),
    (("sale_order", "currency_id"), None),
    (("sale_order", "partner_invoice_id"), None),
    (("sale_order_line", "is_downpayment"), None),
    // Without these, whatever settles an invoice is taken for a payment, and a document goes by its id.
    (("account_move_line", "journal_id"), None),
    (("account_move_line", "move_name"), None),
    (("account_move_line", "payment_id"), None),
    (("account_move_line", "statement_line_id"), None),
    (("res_company", "account_use_credit_limit"), None),
    (("sale_order", "name"), None),
    // Odoo 17 has these in the payment's journal entry, which it always makes; a company without a currency of its own for payments
    // pays in its own: <https://github.com/odoo/odoo/blob/17.0/addons/account/models/account_payment.py>.
    (("account_payment", "amount_company_currency_signed"), None),
    (("account_payment", "company_id"), None),
    (("account_payment", "currency_id"), None),
    (("account_payment", "date"), None),
    (("account_payment", "partner_type"), None),
    (("account_payment", "state"), None),
    // Odoo 19 has no point of sale order that is invoiced and has no entry.
    (("pos_order", "account_move"), None),
    (("ir_default", "condition"), None),
    // Odoo 17 has one number of an account for all companies, Odoo 18 one for each:
    // <https://github.com/odoo/odoo/blob/18.0/addons/account/models/account_account.py>.
    (("account_account", "code"), None),
    (("account_account", "code_store"), None),
    // Odoo 19 made reconciliation models anew: <https://github.com/odoo/odoo/blob/18.0/addons/account/models/account_reconcile_model.py>.
    (("account_reconcile_model", "created_automatically"), None),
    (("account_reconcile_model", "mapped_partner_id"), None),
    (("account_reconcile_model", "match_nature"), None),
    (("account_reconcile_model", "match_note"), None),
    (("account_reconcile_model", "match_note_param"), None),
    (("account_reconcile_model", "match_partner"), None),
    (("account_reconcile_model", "match_transaction_details"), None),
    (("account_reconcile_model", "match_transaction_details_param"), None),
    (("account_reconcile_model", "match_transaction_type"), None),
    (("account_reconcile_model", "rule_type"), None),
    (("account_reconcile_model", "trigger"), None),
    // Modules bring these: importers of statements tell lines apart by the first.
    (("account_bank_statement_line", "unique_import_id"), None),
    (("account_bank_statement_line", "transaction_details"), None),
    // Connectors that list columns were set up before these were read. Without them bank lines are matched by less.
    (("account_move", "narration"), None),
    (("account_move", "payment_reference"), None),
    (("account_move", "ref"), None),
    (("account_move_line", "discount_amount_currency"), None),
    (("account_move_line", "discount_date"), None),
    (("account_move_line", "product_id"), None),
    (("account_move_line", "ref"), None),
    (("res_company", "partner_id"), None),
    // Modules bring these: orders of opportunities, subscriptions, purchases, and what customers have promised.
    (("account_move_line", "expected_pay_date"), None),
    (("account_move_line", "purchase_line_id"), None),
    (("sale_order", "end_date"), None),
    (("sale_order", "is_subscription"), None),
    (("sale_order", "opportunity_id"), None),
    // Connectors that list columns were set up before these were read. Without them less is known of how long orders take, and of what
    // comes again.
    (("account_move", "invoice_origin"), None),
    (("account_move_line", "name"), None),
];

/// Whether rows may come without this column.
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
