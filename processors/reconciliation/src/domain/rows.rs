//! What the engine proposes for a line, as rows.

use matching::engine;
use matching::hypothesis::{self, Kind};
use sqlx::types::Json;

use super::basis::family;
use super::propose::RANKS;
use super::records::{self as read, major};
use super::state::State;
use super::words;
use crate::store::{Allocation, BankLine, Evidence, Proposal};

impl State {
    /// The rows of a line's proposals.
    pub(super) fn rows(&self, line: &BankLine, proposals: &[engine::Proposal]) -> Vec<Proposal> {
        let mut rows: Vec<Proposal> =
            RANKS.zip(proposals).map(|(rank, proposal)| self.row(line, rank, proposal)).collect();
        if let Some((first, others)) = rows.split_first_mut() {
            for other in others {
                other.lost_by = words::lost_by(&other.evidence, &first.evidence);
            }
        }
        rows
    }

    fn row(&self, line: &BankLine, rank: i32, proposal: &engine::Proposal) -> Proposal {
        let hypothesis = &proposal.hypothesis;
        let (kind, account_id) = match &hypothesis.kind {
            Kind::WriteOff(account) => ("write_off".to_owned(), account.parse().ok()),
            kind => (kind.name(), None),
        };
        let allocations: Vec<Allocation> = hypothesis
            .allocations
            .iter()
            .map(|(id, paid)| self.part_of(*id, major(*paid, self.item_decimals(*id))))
            .collect();
        let left_over = major(hypothesis.difference, line.amount.scale());
        let evidence = hypothesis.evidence.iter().map(evidence).collect();
        Proposal {
            line_id: line.id,
            rank,
            left_over_why: words::left_over(&kind, left_over, &allocations, &line.currency),
            kind,
            move_ids: Json(allocations.iter().map(|of| of.move_id).collect()),
            allocations: Json(allocations),
            account_id,
            probability: read::probability(proposal.probability),
            auto: proposal.is_auto(),
            waits: Json(proposal.against.iter().map(|why| (*why).to_owned()).collect()),
            left_over,
            bits: hypothesis.score.value(),
            evidence: Json(evidence),
            lost_by: String::new(),
            raw: proposal.raw,
            basis: self.basis(proposal.weighed_as.as_ref().unwrap_or(hypothesis)),
        }
    }
}

fn evidence(of: &hypothesis::Evidence) -> Evidence {
    Evidence { of: family(of.family).into(), bits: of.bits.value(), what: of.what.into() }
}
