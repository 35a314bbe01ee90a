//! Reconciliation models: what people have set up in Odoo for lines that fulfil certain conditions. Odoo 19 made them anew.

use rust_decimal::Decimal;

contract::table! {
    /// A reconciliation model that is active, and that people have made.
    pub struct Model in "model" key (id: i32) {
        /// The company whose lines it is for; up to Odoo 18 those of its branches, too.
        pub company_id: i32,
        /// Of several that fit, the one with the smallest is meant, then the one with the smallest id.
        pub sequence: i32,
        /// Whether it is of Odoo 18 or earlier, which reads the conditions otherwise than Odoo 19.
        pub is_former: bool,
        /// Whether lines are booked as its own lines say.
        pub books: bool,
        /// Whether it says who is on the other side.
        pub names: bool,
        /// Whether it asks for something of a line that is not known here.
        pub asks_more: bool,
        /// Who is on the other side, from Odoo 19 on.
        pub payer_id: Option<i32>,
        /// Whether a line has to have a partner, up to Odoo 18.
        pub needs_partner: bool,
        /// Whether a line has to come in, or to go out, up to Odoo 18.
        pub is_credit: Option<bool>,
        /// How much a line has to be.
        pub amount: Option<Amount>,
        /// The least amount, in the journal's currency.
        pub least: Decimal,
        /// The greatest amount.
        pub most: Decimal,
        /// How the label is compared, up to Odoo 18; from Odoo 19 on label, notes and what else the bank says, …
        pub label: Option<How>,
        /// … and with what.
        pub label_text: Option<String>,
        /// How the notes are compared, up to Odoo 18, …
        pub notes: Option<How>,
        /// … and with what.
        pub notes_text: Option<String>,
        /// How what else the bank says is compared, up to Odoo 18, …
        pub details: Option<How>,
        /// … and with what.
        pub details_text: Option<String>,
    }
}

contract::text_enum! {
    /// How much a line has to be: Odoo's `match_amount`.
    pub enum Amount {
        /// Up to the greatest amount.
        Lower = "lower",
        /// From the least amount on.
        Greater = "greater",
        /// From one to the other.
        Between = "between",
    }
}

contract::text_enum! {
    /// How a text is compared: Odoo's `match_label`. Capitals do not matter.
    pub enum How {
        /// It has a piece of text.
        Contains = "contains",
        /// It does not have it.
        Lacks = "not_contains",
        /// It is as a regular expression says.
        Matches = "match_regex",
    }
}

contract::table! {
    /// What a model books.
    pub struct ModelLine in "model_line" key (id: i32) {
        /// The model.
        pub model_id: i32,
        /// The account of the ledger.
        pub account_id: Option<i32>,
        /// Whether it takes all that is left of the bank line.
        pub is_whole: bool,
    }
}

contract::table! {
    /// A tax that is taken out of what a line of a model books.
    pub struct ModelTax in "model_tax" key (model_line_id: i32, tax_id: i32) {}
}

contract::table! {
    /// Who is on the other side of lines with certain texts, up to Odoo 18.
    pub struct ModelPayer in "model_payer" key (id: i32) {
        /// The model.
        pub model_id: i32,
        /// Who is on the other side.
        pub payer_id: i32,
        /// What the label begins with, as a regular expression; capitals matter.
        pub label: Option<String>,
        /// What the notes begin with.
        pub notes: Option<String>,
    }
}

contract::table! {
    /// A journal whose lines alone a model is for.
    pub struct ModelJournal in "model_journal" key (model_id: i32, journal_id: i32) {}
}

contract::table! {
    /// A partner whose lines alone a model is for.
    pub struct ModelPartner in "model_partner" key (model_id: i32, partner_id: i32) {}
}
