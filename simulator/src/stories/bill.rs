//! Vendor bills: nothing a customer's credit depends on, but a good part of a real feed.

use crate::Simulation;
use crate::agenda::Event;
use crate::tables::invoice::Kind;
use crate::tables::label::Label;

use super::invoice::Draft;

impl Simulation {
    pub(super) fn draft_bill(&mut self) {
        let vendors = self.books.vendors.clone();
        let Some(partner) = self.random.pick(&vendors) else { return };
        let company = self.company_for(partner);
        let currency = self.books.companies[company].currency;
        let items = self.random_items(company, currency);
        let reference = Label::Supplier(self.random.below(900_000) + 100_000);
        let back = i32::try_from(self.random.between(0, 6)).unwrap_or(0);
        let entry = self.draft(&Draft {
            kind: Kind::Bill,
            company,
            partner,
            currency,
            term: self.books.partners[partner].supplier_term,
            reference,
            invoice_date: Some(self.today() - back),
            order: 0,
            second_order: 0,
            reversed: 0,
            items,
        });
        self.plan_soon(12, Event::Post(entry));
    }
}
