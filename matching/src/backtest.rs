//! Runs the engine over files, line by line, as a bookkeeper would have met it: what a line was is told after its proposals.

mod files;
mod summary;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use crate::engine::{Confirmed, Engine, Proposal, Weighed, is_nothing};
use crate::hypothesis::Hypothesis;
use crate::records::{Day, Item, ItemId, Line};
use crate::statement;

pub use files::{Files, Invalid, Truth};
pub use summary::{Figures, Summary};

/// Lines of a statement that are explained together, at most.
const STATEMENT: usize = 200;

/// A line with its proposals and what it was.
pub struct Outcome {
    /// The line, by place in the file.
    pub line: usize,
    /// What was proposed.
    pub proposals: Vec<Proposal>,
    /// What it was, by row of the truth; none where nobody says.
    pub truth: Option<usize>,
    /// How long the engine took, in nanoseconds.
    pub nanoseconds: u64,
}

/// Runs it; lines come in the file's order, those of one journal and day are a statement.
pub fn run(files: &Files) -> Vec<Outcome> {
    run_and_learn(files, usize::MAX)
}

/// Runs it, and learns from so many lines only: what learning is worth.
pub fn run_and_learn(files: &Files, lines: usize) -> Vec<Outcome> {
    let mut bookkeeper = Bookkeeper { learns: lines, ..Bookkeeper::new(files) };
    let mut outcomes = Vec::with_capacity(files.lines.len());
    while outcomes.len() < files.lines.len() {
        let rest = &files.lines[outcomes.len()..];
        let is_same = |line: &&Line| (line.journal, line.date) == (rest[0].journal, rest[0].date);
        let statement = &rest[..rest.iter().take(STATEMENT).take_while(is_same).count()];
        bookkeeper.receive(rest[0].date);
        bookkeeper.explain(statement, &mut outcomes);
    }
    outcomes
}

/// Whoever knows what lines were, and says so.
struct Bookkeeper<'a> {
    files: &'a Files,
    engine: Engine,
    /// Items that are not issued yet, the latest first.
    coming: Vec<&'a Item>,
    /// The row of the truth that says what a line was.
    truths: BTreeMap<i64, usize>,
    /// What is true before this row has happened.
    happened: usize,
    /// The engine learns from so many lines.
    learns: usize,
}

impl<'a> Bookkeeper<'a> {
    fn new(files: &'a Files) -> Self {
        let mut engine = Engine { rates: files.rates.clone(), ..Engine::default() };
        for partner in files.partners.values() {
            engine.payers.set(partner);
        }
        let mut coming: Vec<&Item> = files.items.values().collect();
        coming.sort_by_key(|item| std::cmp::Reverse((item.date, item.id)));
        // What a line was is said once; the same line later is something that happens to it.
        let mut truths = BTreeMap::new();
        for (row, truth) in files.truth.iter().enumerate() {
            if let Some(line) = truth.line {
                truths.entry(line).or_insert(row);
            }
        }
        Self { files, engine, coming, truths, happened: 0, learns: usize::MAX }
    }

    fn receive(&mut self, day: Day) {
        while let Some(item) = self.coming.pop_if(|item| item.date <= day) {
            self.engine.items.set(item.clone());
        }
    }

    /// Lines of one statement: each is explained with those behind it, and then it is told what it was.
    fn explain(&mut self, lines: &[Line], outcomes: &mut Vec<Outcome>) {
        let mut all: Vec<Weighed> = lines.iter().map(|line| self.engine.weigh(line)).collect();
        for (i, line) in lines.iter().enumerate() {
            let row = self.truths.get(&line.id).copied();
            self.happen(row.unwrap_or(self.happened));
            let began = Instant::now();
            // What was confirmed a moment ago counts.
            all[i] = self.engine.weigh(line);
            let open: Vec<&[Hypothesis]> =
                all[i..].iter().map(|weighed| weighed.hypotheses.as_slice()).collect();
            let choice = statement::assign(&open).first().copied().unwrap_or_default();
            let proposals = self.engine.propose(line, &all[i], choice);
            let nanoseconds = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            if let Some(truth) = row.and_then(|row| self.files.truth.get(row)) {
                self.engine.set_done(line, true);
                if let Some(first) = proposals.first() {
                    let journal = self.engine.journals.entry(line.journal).or_default();
                    journal.judge(first.raw, first.is_auto(), is_right(first, truth));
                }
                if outcomes.len() < self.learns {
                    self.learn(line, truth);
                }
                self.settle(Some(line), truth);
            }
            outcomes.push(Outcome { line: outcomes.len(), proposals, truth: row, nanoseconds });
        }
    }

    fn learn(&mut self, line: &Line, truth: &Truth) {
        let known = truth.items.iter().map(|id| self.engine.items.get(*id).cloned());
        let confirmed = Confirmed {
            items: known.collect::<Option<Vec<Item>>>().unwrap_or_default(),
            is_nothing: truth.items.is_empty(),
            account: truth.account.clone(),
        };
        let learned = self.engine.learn(line, &confirmed);
        self.engine.memory.take_in(&learned, confirmed.is_nothing);
    }

    /// What happens elsewhere before a row of the truth: items are settled, or opened again.
    fn happen(&mut self, before: usize) {
        for row in self.happened..before {
            let truth = &self.files.truth[row];
            if truth.line.is_none_or(|line| self.truths.get(&line) != Some(&row)) {
                self.settle(None, truth);
            }
        }
        self.happened = self.happened.max(before);
    }

    /// Takes what was paid from what is open.
    fn settle(&mut self, line: Option<&Line>, truth: &Truth) {
        let mut left = line.map_or(0, |line| line.amount);
        for id in &truth.items {
            let Some(item) = self.engine.items.get(*id).cloned() else { continue };
            let paid = match (truth.allocations.get(id), line) {
                (Some(paid), _) => *paid,
                (None, Some(line)) if truth.category == "partial" => {
                    let rates = &self.engine.rates;
                    let convert =
                        |amount, from, to| rates.convert(amount, from, to, line.date).unwrap_or(amount);
                    let open = convert(item.residual, item.currency, line.currency);
                    let paid = if open.abs() <= left.abs() { open } else { left };
                    left -= paid;
                    convert(paid, line.currency, item.currency)
                }
                _ => item.residual,
            };
            if paid == item.residual {
                self.engine.items.close(&item);
            } else {
                self.engine.items.set(Item { residual: item.residual - paid, ..item });
            }
        }
        let undone = truth.line.and_then(|id| self.files.lines.iter().find(|line| line.id == id));
        for item in truth.reopened.iter().filter_map(|id| self.files.items.get(id)) {
            self.engine.items.set(item.clone());
            if let (Some(line), Some(partner)) = (undone, item.partner) {
                self.engine.undo(line, partner);
            }
        }
    }
}

/// Writes `proposals.csv` and `summary.json`.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write(files: &Files, outcomes: &[Outcome], out: &Path) -> Result<Summary, Invalid> {
    let failed = |error: String| Invalid(format!("{}: {error}", out.display()));
    std::fs::create_dir_all(out).map_err(|error| failed(error.to_string()))?;
    let path = out.join("proposals.csv");
    let mut csv = csv::Writer::from_path(&path).map_err(|error| failed(error.to_string()))?;
    let header = ["line_id", "rank", "kind", "item_ids", "allocations", "probability", "auto"];
    csv.write_record(header).map_err(|error| failed(error.to_string()))?;
    for outcome in outcomes {
        let line = &files.lines[outcome.line];
        for (rank, proposal) in outcome.proposals.iter().enumerate() {
            let hypothesis = &proposal.hypothesis;
            let ids: Vec<String> = hypothesis.items().map(|id| id.to_string()).collect();
            let allocations: Vec<String> = hypothesis
                .allocations
                .iter()
                .map(|(id, paid)| format!("{id}:{}", files.amount(*id, *paid)))
                .collect();
            let auto = proposal.against.is_empty();
            csv.write_record([
                line.id.to_string(),
                (rank + 1).to_string(),
                hypothesis.kind.name(),
                ids.join(" "),
                allocations.join(" "),
                format!("{:.4}", proposal.probability),
                auto.to_string(),
            ])
            .map_err(|error| failed(error.to_string()))?;
        }
    }
    csv.flush().map_err(|error| failed(error.to_string()))?;
    let summary = Summary::of(files, outcomes);
    let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
    std::fs::write(out.join("summary.json"), text + "\n").map_err(|error| failed(error.to_string()))?;
    Ok(summary)
}

/// Whether a proposal is right: its items are those of the truth.
fn is_right(proposal: &Proposal, truth: &Truth) -> bool {
    let mut items: Vec<ItemId> = truth.items.clone();
    items.sort_unstable();
    proposal.hypothesis.items().eq(items)
}

/// Whether a proposal books a line alone against items.
fn is_booked(proposal: &Proposal) -> bool {
    proposal.against.is_empty() && !is_nothing(&proposal.hypothesis.kind)
}
