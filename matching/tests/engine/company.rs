//! A small company for tests: partners, open items and bank lines in one line of code each.

use matching::engine::{Confirmed, Engine, Proposal};
use matching::records::{Item, Line, Names, Partner};
use matching::statement::assign;

/// Days since 1970 of 2026-04-01.
pub(crate) const APRIL: i32 = 20_544;

#[derive(Default)]
pub(crate) struct Company {
    pub(crate) engine: Engine,
    next: i64,
}

impl Company {
    pub(crate) fn partner(&mut self, id: i32, name: &str, account: &str) {
        let accounts = Some(account.to_owned()).filter(|account| !account.is_empty()).into_iter().collect();
        self.engine.payers.set(&Partner { id, name: name.into(), accounts, ..Partner::default() });
    }

    pub(crate) fn item(&mut self, id: i32, number: &str, partner: i32, due: i32, amount: i64) {
        self.engine.items.set(item(id, number, partner, due, amount));
    }

    /// Proposals for one line of its own.
    pub(crate) fn propose(&self, line: &Line) -> Vec<Proposal> {
        let weighed = self.engine.weigh(line);
        let choice = assign(&[&weighed.hypotheses])[0];
        self.engine.propose(line, &weighed, choice)
    }

    /// Ends the probation of journal 0: fifty customers pay what they are asked for.
    pub(crate) fn past_probation(mut self) -> Self {
        for i in 0..50 {
            let (partner, id) = (90_000 + i, 90_000 + i);
            let (name, number) = (format!("Kunde Nummer{i}"), format!("OLD-2025-{i:05}"));
            self.partner(partner, &name, &format!("XX{partner}"));
            self.item(id, &number, partner, APRIL - 60, 10_000 + i64::from(i) * 137);
            let text = format!("Zahlung Rechnung {number} Danke");
            let line =
                self.line(APRIL - 60, 10_000 + i64::from(i) * 137, &text, &name, &format!("XX{partner}"));
            let proposals = self.propose(&line);
            self.confirm(&line, &proposals, id);
        }
        self
    }

    /// A line has paid an item: that is counted and learned, and the item is closed.
    pub(crate) fn confirm(&mut self, line: &Line, proposals: &[Proposal], id: i32) {
        let item = self.engine.items.get(id).unwrap().clone();
        self.engine.set_done(line, true);
        let journal = self.engine.journals.entry(line.journal).or_default();
        let first = &proposals[0];
        journal.judge(first.raw, first.is_auto(), first.hypothesis.items().eq([id]));
        let confirmed = Confirmed { items: vec![item.clone()], ..Confirmed::default() };
        let learned = self.engine.learn(line, &confirmed);
        self.engine.memory.take_in(&learned, false);
        self.engine.items.close(&item);
    }

    pub(crate) fn line(&mut self, date: i32, amount: i64, text: &str, name: &str, account: &str) -> Line {
        self.next += 1;
        let (text, name, account) = (text.into(), name.into(), account.into());
        Line { id: self.next, date, amount, text, name, account, ..Line::default() }
    }
}

/// An item that was issued a month before it is due.
pub(crate) fn item(id: i32, number: &str, partner: i32, due: i32, amount: i64) -> Item {
    Item {
        id,
        names: Names::new(number, "", ""),
        partner: Some(partner),
        date: due - 30,
        due,
        residual: amount,
        ..Item::default()
    }
}
