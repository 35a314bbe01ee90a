//! Companies and branches, currencies and their rates, and defaults of company-dependent fields.

use crate::books::Books;
use crate::calendar::{Day, Micros};
use crate::money::Rate;
use crate::tables::accounting::{self, Book, Use};
use crate::tables::{Row, Table};
use crate::wire::json;
use crate::wire::layout::{Key, RowWriter, UNAVAILABLE};

pub(crate) const COMPANY: &str = r##"
    id=?; name=?; partner_id=?; currency_id=?; sequence=10; create_date=?; parent_path=?; parent_id=?;
    paperformat_id=1; external_report_layout_id=null; create_uid=1; write_uid=2; email=?; phone=?;
    mobile=null; font="Lato"; primary_color=null; secondary_color=null; layout_background="Blank";
    report_header=null; report_footer=null; company_details=null; active=true; uses_default_logo=true;
    write_date=?; logo_web=?; nomenclature_id=1; resource_calendar_id=1; alias_domain_id=null;
    alias_domain_name=null; email_primary_color="#000000"; email_secondary_color="#875A7B";
    partner_gid=null; iap_enrich_auto_done=null; snailmail_color=true; snailmail_cover=null;
    snailmail_duplex=null; payment_onboarding_payment_method=null; fiscalyear_last_day=31;
    transfer_account_id=null; default_cash_difference_income_account_id=null;
    default_cash_difference_expense_account_id=null; account_journal_suspense_account_id=?;
    account_journal_early_pay_discount_gain_account_id=null;
    account_journal_early_pay_discount_loss_account_id=null; account_sale_tax_id=?;
    account_purchase_tax_id=?; currency_exchange_journal_id=?; income_currency_exchange_account_id=?;
    expense_currency_exchange_account_id=?; incoterm_id=null; batch_payment_sequence_id=1;
    account_opening_move_id=null; account_default_pos_receivable_account_id=null;
    expense_accrual_account_id=null; revenue_accrual_account_id=null;
    automatic_entry_default_journal_id=null; account_fiscal_country_id=233; tax_cash_basis_journal_id=null;
    account_cash_basis_base_account_id=null; account_discount_income_allocation_id=null;
    account_discount_expense_allocation_id=null; fiscalyear_last_month="12";
    chart_template="generic_coa"; bank_account_code_prefix="1014"; cash_account_code_prefix="1015";
    transfer_account_code_prefix="1017"; tax_calculation_rounding_method="round_per_line";
    terms_type="plain"; quick_edit_mode=null; account_price_include="tax_excluded";
    fiscalyear_lock_date=?; tax_lock_date=?; sale_lock_date=?; purchase_lock_date=null;
    hard_lock_date=null; account_opening_date=20454; invoice_terms=null; invoice_terms_html=null;
    expects_chart_of_accounts=true; anglo_saxon_accounting=true; qr_code=null;
    display_invoice_amount_total_words=null; display_invoice_tax_company_currency=true;
    account_use_credit_limit=true; tax_exigibility=null; account_storno=null;
    check_account_audit_trail=null; autopost_bills=true; internal_transit_location_id=13;
    stock_mail_confirmation_template_id=null; annual_inventory_day=31; annual_inventory_month="12";
    stock_move_email_validation=null; po_lock="edit"; po_double_validation="one_step";
    po_double_validation_amount="5000.0"; po_lead=0.0; account_production_wip_account_id=null;
    account_production_wip_overhead_account_id=null; stock_sms_confirmation_template_id=null;
    stock_move_sms_validation=true; has_received_warning_stock_sms=null; days_to_purchase=null;
    quotation_validity_days=30; sale_discount_product_id=null; sale_onboarding_payment_method=null;
    portal_confirmation_sign=true; portal_confirmation_pay=true; prepayment_percent=1.0;
    sale_order_template_id=null; security_lead=0.0; reconcile_aggregate=null;
"##;

pub(crate) const CURRENCY: &str = r#"
    id=?; name=?; symbol=?; iso_numeric=?; decimal_places=2; create_uid=1; write_uid=1; full_name=?;
    position=?; currency_unit_label=?; currency_subunit_label=?; rounding="0.010000"; active=?;
    create_date=?; write_date=?;
"#;

pub(crate) const CURRENCY_RATE: &str = r"
    id=?; currency_id=?; company_id=?; create_uid=1; write_uid=1; name=?; rate=?; create_date=?;
    write_date=?;
";

pub(crate) const DEFAULT: &str = r"
    id=?; field_id=?; user_id=null; company_id=?; create_uid=1; write_uid=1; condition=null;
    json_value=?; create_date=?; write_date=?;
";

pub(crate) const MODEL_FIELD: &str = r#"
    id=?; relation_field_id=null; model_id=85; related_field_id=null; size=null; create_uid=null;
    write_uid=null; name=?; complete_name=null; model=?; relation=null; relation_field=null; ttype=?;
    related=null; state="base"; on_delete=null; domain="[]"; group_expand=null; relation_table=null;
    column1=null; column2=null; depends=null; currency_field=null; field_description=?;
    help="{\"en_US\": \"Credit limit specific to this partner.\"}"; compute=null; copied=true;
    required=false; readonly=false; index=false; translate=false; company_dependent=true; selectable=true;
    store=true; sanitize=true; sanitize_overridable=false; sanitize_tags=true; sanitize_attributes=true;
    sanitize_style=false; sanitize_form=true; strip_style=false; strip_classes=false; create_date=?;
    write_date=?; tracking=null;
"#;

/// A company, or a branch of one: a branch posts into its root's journals and accounts.
#[derive(Debug, Clone)]
pub(crate) struct Company {
    pub(crate) name: Box<str>,
    pub(crate) partner: u32,
    pub(crate) currency: u32,
    /// `0` for a root company.
    pub(crate) parent: u32,
    /// Which root company it belongs to, counted from 0.
    pub(crate) root: u32,
    pub(crate) fiscal_lock: Option<Day>,
    pub(crate) sales_lock: Option<Day>,
    pub(crate) created: Micros,
    pub(crate) written: Micros,
}

/// An image large enough that the log leaves it out of updates.
const LOGO: &str = "UElDVFVSRS1PRi1BLVdFTEw=";

impl Row for Company {
    const TABLE: Table = Table::Company;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(id);
        row.text(&self.name);
        row.int(self.partner);
        row.int(self.currency);
        row.micros(self.created);
        row.plain(|out| {
            if self.parent != 0 {
                json::unsigned(out, u64::from(self.parent));
                out.push(b'/');
            }
            json::unsigned(out, u64::from(id));
            out.push(b'/');
        });
        row.id(self.parent);
        row.text("office@ledger-demo.example");
        row.text("+1 555-0100");
        row.micros(self.written);
        if row.update {
            row.text(UNAVAILABLE);
        } else {
            row.plain(|out| {
                for _ in 0..96 {
                    out.extend_from_slice(LOGO.as_bytes());
                }
            });
        }
        row.int(accounting::account(self.root, Use::Suspense));
        row.int(accounting::sales_tax(self.root));
        row.int(accounting::purchase_tax(self.root));
        row.int(accounting::journal(self.root, Book::Exchange));
        row.int(accounting::account(self.root, Use::ExchangeGain));
        row.int(accounting::account(self.root, Use::ExchangeLoss));
        row.day(self.fiscal_lock);
        row.day(None);
        row.day(self.sales_lock);
    }
}

/// The currencies in use; a currency's id is its position here, counted from 1.
const CURRENCIES: [(&str, &str, i64, &str, &str, &str, &str); 3] = [
    ("USD", "$", 840, "United States dollar", "before", "Dollars", "Cents"),
    ("EUR", "€", 978, "Euro", "after", "Euros", "Cents"),
    ("GBP", "£", 826, "Pound sterling", "before", "Pounds", "Pence"),
];

/// The ids of all currencies.
pub(crate) fn currencies() -> std::ops::RangeInclusive<u32> {
    1..=3
}

/// The ISO code of a currency.
pub(crate) fn currency_code(currency: u32) -> &'static str {
    CURRENCIES.get((currency as usize).wrapping_sub(1)).map_or("", |entry| entry.0)
}

#[derive(Debug, Clone)]
pub(crate) struct Currency {
    pub(crate) created: Micros,
}

impl Row for Currency {
    const TABLE: Table = Table::Currency;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        let entry = CURRENCIES[(id as usize).saturating_sub(1) % CURRENCIES.len()];
        row.int(id);
        row.text(entry.0);
        row.text(entry.1);
        row.int(entry.2);
        row.text(entry.3);
        row.text(entry.4);
        row.translated(entry.5);
        row.translated(entry.6);
        row.bool(true);
        row.micros(self.created);
        row.micros(self.created);
    }
}

/// A currency's rate for one root company from a day on.
#[derive(Debug, Clone)]
pub(crate) struct CurrencyRate {
    pub(crate) currency: u32,
    pub(crate) company: u32,
    pub(crate) day: Day,
    pub(crate) rate: Rate,
    pub(crate) created: Micros,
}

impl Row for CurrencyRate {
    const TABLE: Table = Table::CurrencyRate;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(id);
        row.int(self.currency);
        row.int(self.company);
        row.int(self.day);
        row.shortest(self.rate, 6);
        row.micros(self.created);
        row.micros(self.created);
    }
}

/// The field number that stands for `res.partner.credit_limit`.
pub(crate) const CREDIT_LIMIT_FIELD: u32 = 4397;

/// The only field of Odoo's models that someone needs to know by its number: the partner's credit limit.
#[derive(Debug, Clone)]
pub(crate) struct ModelField {
    pub(crate) created: Micros,
}

impl Row for ModelField {
    const TABLE: Table = Table::ModelField;

    /// Fields count as Odoo numbered them, so the first row here does not have the number 1.
    fn key(&self, _: u32) -> Key {
        Key::Id(CREDIT_LIMIT_FIELD)
    }

    fn write(&self, _: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(CREDIT_LIMIT_FIELD);
        row.text("credit_limit");
        row.text("res.partner");
        row.text("float");
        row.translated("Credit Limit");
        row.micros(self.created);
        row.micros(self.created);
    }
}

/// A company's fallback for a company-dependent field.
#[derive(Debug, Clone)]
pub(crate) struct Default {
    pub(crate) field: u32,
    pub(crate) company: u32,
    /// Hundredths.
    pub(crate) value: i64,
    pub(crate) created: Micros,
}

impl Row for Default {
    const TABLE: Table = Table::Default;

    fn write(&self, id: u32, row: &mut RowWriter<'_>, _: &Books) {
        row.int(id);
        row.int(self.field);
        row.id(self.company);
        row.shortest(self.value, 2);
        row.micros(self.created);
        row.micros(self.created);
    }
}
