//! What does a bank line pay? The best explanation of each line of a statement, with what speaks for it, and whether it may be booked
//! alone.
//!
//! **In**: open items, partners and rates ([`records`], [`items`], [`payers`], [`rates`]); bank lines, and what they turned out to be.
//! **Out**: up to three proposals a line ([`engine`]). Pure: no clock, no SQL, no threads.
//!
//! A line is read ([`reading`]: [`parse`], [`mod@reference`], [`cues`], [`mentions`]), sets of items that it may pay are found
//! ([`candidates`], [`subset`], [`payout`]) and weighed in bits ([`weigh`], [`difference`], [`hypothesis`]), lines of one statement that
//! want the same items are explained together ([`statement`]), and what may be booked alone is decided ([`policy`]). What lines turned out
//! to be is learned ([`memory`], [`habits`], [`calibration`]). What an explanation rests on is told ([`concern`]), so that it is looked at
//! again when that changes. [`backtest`] runs all of it over files.
//!
//! Invariants, which `tests/engine/` asks for:
//! - what is paid adds up to the line, and of no item more than is open;
//! - the order in which items came does not show, nor that one was closed and opened again;
//! - an unrelated item makes nothing likelier;
//! - the work for a line is bounded, however much is open.

pub mod backtest;
pub mod bits;
pub mod calibration;
pub mod candidates;
pub mod concern;
pub mod cues;
pub mod difference;
pub mod engine;
pub mod habits;
pub mod hypothesis;
pub mod items;
pub mod memory;
pub mod mentions;
pub mod parse;
pub mod payers;
pub mod payout;
pub mod policy;
pub mod rates;
pub mod reading;
pub mod records;
pub mod reference;
pub mod statement;
pub mod subset;
pub mod weigh;
