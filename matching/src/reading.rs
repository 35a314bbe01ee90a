//! All that a line says: its words, whom it is from, which items it names.

use crate::items::Items;
use crate::memory::Memory;
use crate::mentions::Mentions;
use crate::parse::{self, Parsed};
use crate::payers::{Payers, Side};
use crate::records::Line;

/// What a line says.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What is written on it.
    pub parsed: Parsed,
    /// Who is on the other side.
    pub side: Side,
    /// Which items it names.
    pub mentions: Mentions,
    /// Whether the same line was there before.
    pub is_repeated: bool,
    /// Whether the same payer has paid as much a few days ago.
    pub is_recent: bool,
}

impl Reading {
    /// Reads a line.
    pub fn of(line: &Line, items: &Items, payers: &Payers, memory: &Memory) -> Self {
        let parsed = parse::parse(&line.text);
        let side = payers.side(line, memory);
        let mentions = Mentions::of(&parsed, &side, items, line.date);
        Self { parsed, side, mentions, is_repeated: false, is_recent: false }
    }
}
