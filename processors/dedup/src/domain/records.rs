//! From source rows to records that can be compared: which rows are, and what their values are.

use std::borrow::Cow;

use linkage::model::Model;
use linkage::record::{Place, Record};
use rustc_hash::FxHashMap;

use super::odoo_model::OdooModel;
use crate::store::{Lead, Partner, Product, Tables, Variant};

/// A row's values, in the order of its model's columns; empty where there is none.
pub(super) type Values<'r> = Vec<Cow<'r, str>>;

/// Variants by template.
#[derive(Default)]
pub(super) struct VariantIndex(FxHashMap<i32, Vec<i32>>);

impl VariantIndex {
    pub(super) fn new(tables: &Tables) -> Self {
        let mut index = Self::default();
        for variant in tables.variants.iter() {
            index.insert(variant);
        }
        index
    }

    pub(super) fn insert(&mut self, variant: &Variant) {
        let variants = self.0.entry(variant.product_id).or_default();
        if let Err(place) = variants.binary_search(&variant.id) {
            variants.insert(place, variant.id);
        }
    }

    pub(super) fn remove(&mut self, variant: &Variant) {
        let Some(variants) = self.0.get_mut(&variant.product_id) else { return };
        variants.retain(|id| *id != variant.id);
        if variants.is_empty() {
            self.0.remove(&variant.product_id);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The source rows, read as records.
#[derive(Clone, Copy)]
pub(super) struct SourceRows<'r> {
    pub(super) tables: &'r Tables,
    pub(super) variants: &'r VariantIndex,
}

impl<'r> SourceRows<'r> {
    /// The ids of all rows of a model, ascending.
    pub(super) fn ids(self, model: OdooModel) -> Vec<i32> {
        let mut ids: Vec<i32> = match model {
            OdooModel::Partner => self.tables.partners.iter().map(|row| row.id).collect(),
            OdooModel::Lead => self.tables.leads.iter().map(|row| row.id).collect(),
            OdooModel::Product => self.tables.products.iter().map(|row| row.id).collect(),
        };
        ids.sort_unstable();
        ids
    }

    /// Whether a row is there, compared or not.
    pub(super) fn contains(self, model: OdooModel, id: i32) -> bool {
        match model {
            OdooModel::Partner => self.tables.partners.get(id).is_some(),
            OdooModel::Lead => self.tables.leads.get(id).is_some(),
            OdooModel::Product => self.tables.products.get(id).is_some(),
        }
    }

    /// All records of a model that are compared, by id.
    pub(super) fn records(self, model: OdooModel, with: &Model) -> Vec<Record> {
        self.ids(model).into_iter().filter_map(|id| self.record(model, id, with)).collect()
    }

    /// A record, unless there is no such row or it is not compared.
    pub(super) fn record(self, model: OdooModel, id: i32, with: &Model) -> Option<Record> {
        let (mut values, place) = self.values(model, id)?;
        if let (OdooModel::Lead, [title, company, person, ..]) = (model, values.as_mut_slice()) {
            *title = Cow::Owned(matter(title, &[company, person]));
        }
        Some(with.read(&values, place))
    }

    /// A record's values and where it stands, unless there is no such row or it is not compared.
    pub(super) fn values(self, model: OdooModel, id: i32) -> Option<(Values<'r>, Place)> {
        match model {
            OdooModel::Partner => {
                let row = self.tables.partners.get(id).filter(|row| is_compared(row))?;
                Some(partner_values(row, self.tables))
            }
            // A lost lead is archived, and one that comes again is known from it: Odoo compares both, too.
            OdooModel::Lead => self.tables.leads.get(id).map(|row| lead_values(row, self.tables)),
            OdooModel::Product => {
                let row = self.tables.products.get(id).filter(|row| row.active)?;
                Some(product_values(row, self.barcode(id)))
            }
        }
    }

    /// The barcode of a template that has one variant only, as Odoo shows it.
    fn barcode(self, product: i32) -> &'r str {
        let variants = self.variants.0.get(&product).into_iter().flatten();
        let mut active = variants.filter_map(|id| self.tables.variants.get(*id)).filter(|row| row.active);
        match (active.next(), active.next()) {
            (Some(variant), None) => variant.barcode.as_deref().unwrap_or_default(),
            _ => "",
        }
    }
}

/// An address of a partner has no name of its own and stands for nobody.
fn is_compared(row: &Partner) -> bool {
    row.active && !row.name.trim().is_empty()
}

fn partner_values<'r>(row: &'r Partner, tables: &'r Tables) -> (Values<'r>, Place) {
    // Odoo copies address and tax number of a company into its contacts: they say nothing about who they are.
    let is_contact = row.parent_id.is_some() && !row.is_company;
    let own = |value: Option<&'r str>| if is_contact { Cow::Borrowed("") } else { text(value) };
    let values = vec![
        Cow::Borrowed(row.name.as_str()),
        text(row.email.as_deref()),
        text(row.phone.as_deref()),
        text(row.mobile.as_deref()),
        own(row.street.as_deref()),
        own(row.zip.as_deref()),
        own(row.city.as_deref()),
        Cow::Borrowed(country(row.country_id, tables)),
        own(row.vat.as_deref()),
        Cow::Borrowed(if row.is_company { "true" } else { "false" }),
    ];
    (values, place(row.id, row.parent_id, row.company_id))
}

fn lead_values<'r>(row: &'r Lead, tables: &'r Tables) -> (Values<'r>, Place) {
    let values = vec![
        Cow::Borrowed(row.title.as_str()),
        text(row.partner_name.as_deref()),
        text(row.contact_name.as_deref()),
        text(row.email.as_deref()),
        text(row.phone.as_deref()),
        text(row.mobile.as_deref()),
        text(row.street.as_deref()),
        text(row.zip.as_deref()),
        text(row.city.as_deref()),
        Cow::Borrowed(country(row.country_id, tables)),
    ];
    (values, place(row.id, None, row.company_id))
}

/// A title without the words of the customer's names, which say nothing about the matter.
fn matter(title: &str, names: &[&str]) -> String {
    let word = |word: &str| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
    let names: Vec<String> = names.iter().flat_map(|name| name.split_whitespace().map(word)).collect();
    let telling: Vec<_> = title.split_whitespace().filter(|part| !names.contains(&word(part))).collect();
    if telling.is_empty() { title.to_owned() } else { telling.join(" ") }
}

fn product_values<'r>(row: &'r Product, barcode: &'r str) -> (Values<'r>, Place) {
    let values = vec![
        Cow::Borrowed(row.name.as_str()),
        text(row.code.as_deref()),
        Cow::Borrowed(barcode),
        row.price.map_or(Cow::Borrowed(""), |price| Cow::Owned(price.normalize().to_string())),
    ];
    (values, place(row.id, None, row.company_id))
}

fn place(id: i32, owner: Option<i32>, company: Option<i32>) -> Place {
    Place { id, owner: owner.unwrap_or(0), company: company.unwrap_or(0), file: 0 }
}

fn text(value: Option<&str>) -> Cow<'_, str> {
    Cow::Borrowed(value.unwrap_or_default())
}

fn country(id: Option<i32>, tables: &Tables) -> &str {
    id.and_then(|id| tables.countries.get(id)).map_or("", |country| &country.code)
}
