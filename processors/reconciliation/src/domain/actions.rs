//! What people ask for: accept, refuse, allocate and skip a line; open, resume and complete a session; switch a learned rule off.

use chrono::{DateTime, Utc};
use contract::{Done, Outbox};
use matching::memory::Support;
use rust_decimal::Decimal;
use serde::Deserialize;
use sqlx::types::Json;
use utoipa::ToSchema;

use super::decide::Decision;
use super::people::person as name_of;
use super::propose::RANKS;
use super::state::State;
use crate::store::{Allocation, BankLine, LearnedRule, LineStatus, Proposal, Refusal};

/// Items that one line may be allocated to.
const MOST_ITEMS: usize = 500;
/// Proposals of one line that may be refused.
const MOST_REFUSALS: i32 = 200;
/// Odoo's model of bank lines.
const LINE: &str = "account.bank.statement.line";

/// What people may ask of `reconciliation`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// A proposal is right: ask for the match.
    Accept {
        /// The bank line, in `account_bank_statement_line`.
        line: i32,
        /// Which of its proposals; the first where it is not said.
        rank: Option<i32>,
        /// Why.
        reason: String,
    },
    /// A proposal is wrong: it does not come again while what speaks for it is the same.
    Refuse {
        /// The bank line.
        line: i32,
        /// Which of its proposals; the first where it is not said.
        rank: Option<i32>,
        /// Why.
        reason: String,
    },
    /// Ask for another match than any that is proposed.
    Allocate {
        /// The bank line.
        line: i32,
        /// How much of which items.
        #[serde(default)]
        items: Vec<Allocated>,
        /// The account that the line is booked on, or what is left of it.
        account: Option<i32>,
        /// Why.
        reason: String,
    },
    /// Put a line off, until something else is proposed or the session is completed.
    Skip {
        /// The bank line.
        line: i32,
        /// Why.
        reason: String,
    },
    /// Begin to match a journal's lines.
    OpenSession {
        /// The journal.
        journal: i32,
    },
    /// Go on with a session, also with one that was completed.
    ResumeSession {
        /// The session, in `reconciliation_sessions`.
        session: i32,
    },
    /// End a session.
    CompleteSession {
        /// The session.
        session: i32,
    },
    /// Do not use a learned rule any more, or use it again.
    SwitchRule {
        /// The rule, in `reconciliation.learned_rule`.
        rule: i32,
        /// Whether it is used.
        on: bool,
        /// Why.
        reason: String,
    },
}

/// How much of an item a line pays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Allocated {
    /// The journal item, in `account_move_line`.
    item: i32,
    /// How much of it, in its currency, with its sign; all that is open where it is not said.
    amount: Option<Decimal>,
}

/// Who says something about a line or a rule, why, and when.
struct Statement {
    person: String,
    reason: String,
    now: DateTime<Utc>,
}

impl State {
    /// Does what a person asks for.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn act(
        &mut self,
        action: Action,
        person: &str,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        let person = name_of(person);
        let statement = |reason| Statement { person: person.clone(), reason, now };
        match action {
            Action::Accept { line, rank, reason } => self.accept(line, rank.unwrap_or(1), statement(reason)),
            Action::Refuse { line, rank, reason } => self.refuse(line, rank.unwrap_or(1), statement(reason)),
            Action::Allocate { line, items, account, reason } => {
                self.allocate(line, &items, account, statement(reason))
            }
            Action::Skip { line, reason } => self.skip(line, statement(reason)),
            Action::OpenSession { journal } => self.open_session(journal, person, now, outbox),
            Action::ResumeSession { session } => self.resume_session(session, &person, now, outbox),
            Action::CompleteSession { session } => self.complete_session(session, now, outbox),
            Action::SwitchRule { rule, on, reason } => self.switch_rule(rule, on, statement(reason), outbox),
        }
    }

    fn accept(&mut self, line: i32, rank: i32, statement: Statement) -> Result<Done, String> {
        let row = self.open_line(line)?;
        let proposal = self.proposal(line, rank)?;
        if proposal.allocations.is_empty() && proposal.account_id.is_none() {
            return Err(format!(
                "proposal {rank} of line {line} says that it pays nothing that is open; ask for `allocate` with an account"
            ));
        }
        let (allocations, account) = (proposal.allocations.0.clone(), proposal.account_id);
        let text = format!("proposal {rank} of line {line} is accepted: {}", describe(&allocations, account));
        self.ask_for(row, allocations, account, statement)?;
        Ok(about(line, text))
    }

    fn refuse(&mut self, line: i32, rank: i32, statement: Statement) -> Result<Done, String> {
        let row = self.open_line(line)?;
        let proposal = self.proposal(line, rank)?;
        if proposal.kind == "none" {
            return Err(format!(
                "proposal {rank} of line {line} says that it pays nothing that is open; ask for `allocate` if it does"
            ));
        }
        let (basis, kind) = (proposal.basis, proposal.kind.clone());
        let refused = (proposal.allocations.0.clone(), proposal.account_id);
        let number = 1 + i32::try_from(self.refusals(line).count()).unwrap_or(MOST_REFUSALS);
        if number > MOST_REFUSALS {
            return Err(format!(
                "{MOST_REFUSALS} proposals of line {line} were refused; ask for `allocate` or `skip`"
            ));
        }
        let Statement { person, reason, now } = statement;
        let refusal = Refusal { line_id: line, number, basis, person, reason, refused_at: now };
        self.tables.refusals.set((line, number), Some(refusal));
        let is_asked = row.allocations.0 == refused.0 && row.account_id == refused.1;
        if row.is_asked_by_person() && is_asked {
            self.put_line(line, Some(BankLine { status: LineStatus::Open, ..row }.without_request()));
        }
        self.touched.dirty.insert(line);
        self.touched.news.insert(line);
        let text = format!(
            "proposal {rank} of line {line} ({kind}) is refused, and does not come again while what speaks for it is the same"
        );
        Ok(about(line, text))
    }

    fn allocate(
        &mut self,
        line: i32,
        items: &[Allocated],
        account: Option<i32>,
        statement: Statement,
    ) -> Result<Done, String> {
        let row = self.open_line(line)?;
        if items.is_empty() && account.is_none() {
            return Err("name `items`, or the `account` that the line is booked on".into());
        }
        if items.len() > MOST_ITEMS {
            return Err(format!("`items` are {}; a line is allocated to at most {MOST_ITEMS}", items.len()));
        }
        if let Some(account) = account.filter(|account| self.tables.accounts.get(*account).is_none()) {
            return Err(format!("there is no account {account}"));
        }
        let mut allocations: Vec<Allocation> = Vec::new();
        for allocated in items {
            if allocations.iter().any(|of| of.item_id == allocated.item) {
                return Err(format!("item {} is named twice", allocated.item));
            }
            allocations.push(self.allocated(&row, allocated)?);
        }
        let comparable = allocations.iter().all(|of| of.currency == row.currency);
        let sum: Decimal = allocations.iter().map(|of| of.amount).sum();
        if comparable
            && (sum.abs() > row.amount.abs() || sum.is_sign_negative() != row.amount.is_sign_negative())
            && !sum.is_zero()
        {
            return Err(format!(
                "`items` add up to {sum} {}, and line {line} has {}: give `amount` to those that are paid in part",
                row.currency, row.amount
            ));
        }
        let text = format!("line {line} {}", describe(&allocations, account));
        self.ask_for(row, allocations, account, statement)?;
        Ok(about(line, text))
    }

    /// How much of an open item is asked for.
    fn allocated(&self, line: &BankLine, allocated: &Allocated) -> Result<Allocation, String> {
        let id = allocated.item;
        let of_company =
            |row: &&crate::store::Item| self.tables.path(row.company_id).contains(&line.company_id);
        let Some(row) = self.tables.items.get(id).filter(of_company) else {
            return Err(format!("there is no item {id} in company {}", line.company_id));
        };
        let is_known = super::records::item(row, &self.tables, &self.suspense).is_some();
        if row.reconciled || row.residual.is_zero() || !is_known {
            return Err(format!("item {id} is not open, or is nothing that a bank line may pay"));
        }
        let amount = allocated.amount.unwrap_or(row.residual);
        let fits = amount.abs() <= row.residual.abs()
            && amount.is_sign_negative() == row.residual.is_sign_negative()
            && !amount.is_zero()
            && amount.normalize().scale() <= self.item_decimals(id);
        if !fits {
            return Err(format!("amount is {amount}; of item {id} {} is open", row.residual));
        }
        Ok(self.part_of(id, amount))
    }

    fn skip(&mut self, line: i32, statement: Statement) -> Result<Done, String> {
        let row = self.open_line(line)?;
        let basis = self.tables.proposals.get((line, 1)).map(|first| first.basis);
        let skipped = BankLine {
            status: LineStatus::Skipped,
            decided_by: Some(statement.person),
            reason: Some(statement.reason),
            since: statement.now,
            ..row.without_request()
        };
        self.put_line(line, Some(BankLine { basis, ..skipped }));
        self.touched.dirty.insert(line);
        self.touched.news.insert(line);
        Ok(about(line, format!("line {line} is put off until something else is proposed")))
    }

    /// Whether as much is left of an item as a line is to pay, when other lines pay what people have asked for.
    fn check_left(&self, line: i32, of: &Allocation) -> Result<(), String> {
        let open = self.tables.items.get(of.item_id).map_or(Decimal::ZERO, |item| item.residual);
        let others = self.tables.lines.iter().filter(|other| other.id != line);
        let asked: Decimal = others
            .filter(|other| other.is_asked_by_person())
            .flat_map(|other| other.allocations.iter())
            .filter(|to| to.item_id == of.item_id)
            .map(|to| to.amount)
            .sum();
        if (asked + of.amount).abs() > open.abs() {
            return Err(format!(
                "{asked} of item {} is asked for already, of {open}: refuse that first, or give a smaller `amount`",
                of.item_id
            ));
        }
        Ok(())
    }

    /// A person asks for a match.
    fn ask_for(
        &mut self,
        row: BankLine,
        allocations: Vec<Allocation>,
        account_id: Option<i32>,
        statement: Statement,
    ) -> Result<(), String> {
        let id = row.id;
        let same = row.status == LineStatus::MatchRequested
            && row.allocations.0 == allocations
            && row.account_id == account_id;
        if same {
            let who = row.decided_by.as_deref().unwrap_or_default();
            return Err(format!("{who} has asked for that already"));
        }
        for of in &allocations {
            self.check_left(id, of)?;
        }
        let row = BankLine {
            status: LineStatus::MatchRequested,
            allocations: Json(allocations),
            account_id,
            decided_by: Some(statement.person),
            reason: Some(statement.reason),
            basis: None,
            since: statement.now,
            ..row
        };
        self.put_line(id, Some(row));
        self.touched.dirty.insert(id);
        self.touched.news.insert(id);
        Ok(())
    }

    fn switch_rule(
        &mut self,
        id: i32,
        on: bool,
        statement: Statement,
        outbox: &mut Outbox,
    ) -> Result<Done, String> {
        let before =
            self.tables.rules.get(id).cloned().ok_or_else(|| format!("there is no learned rule {id}"))?;
        if before.switched_off != on {
            let is = if on { "on" } else { "off" };
            return Err(format!("rule {id} is switched {is} already"));
        }
        let support = Support { is_off: !on, ..before.support() };
        let row = LearnedRule {
            switched_off: !on,
            holds: support.holds(),
            person: Some(statement.person),
            reason: Some(statement.reason),
            ..before.clone()
        };
        let (rule, company) = (row.rule(), row.company_id);
        let keys = [rule.concern()];
        if let Some(books) = self.books.get_mut(&company) {
            books.engine.memory.set_rule(rule, support);
            self.touched.dirty.extend(books.resting_on(&keys));
        }
        self.decision(statement.now, outbox, |decision| {
            decision.put_rule(Some(&before), row);
            decision.count_sessions();
        });
        let text = format!("rule {id} is switched {}", if on { "on" } else { "off" });
        Ok(Done { record: None, text })
    }

    /// Does something as a decision.
    pub(super) fn decision<T>(
        &mut self,
        now: DateTime<Utc>,
        outbox: &mut Outbox,
        what: impl FnOnce(&mut Decision<'_>) -> T,
    ) -> T {
        what(&mut Decision::new(self, now, outbox))
    }

    /// A line that is not done.
    fn open_line(&self, id: i32) -> Result<BankLine, String> {
        let row = self.tables.lines.get(id).ok_or_else(|| format!("there is no bank line {id}"))?;
        if row.status.is_done() {
            return Err(format!("line {id} is done; take the match back in Odoo first"));
        }
        Ok(row.clone())
    }

    fn proposal(&self, line: i32, rank: i32) -> Result<&Proposal, String> {
        self.tables.proposals.get((line, rank)).ok_or_else(|| {
            let known = RANKS.filter(|rank| self.tables.proposals.get((line, *rank)).is_some()).count();
            format!("line {line} has no proposal {rank}; it has {known}")
        })
    }
}

fn describe(allocations: &[Allocation], account: Option<i32>) -> String {
    let mut parts: Vec<String> = allocations
        .iter()
        .map(|of| format!("pays {} {} of {} (item {})", of.amount, of.currency, of.number, of.item_id))
        .collect();
    parts.extend(account.map(|account| format!("is booked on account {account}")));
    parts.join(", ")
}

fn about(line: i32, text: String) -> Done {
    Done { record: Some((LINE, line)), text }
}
