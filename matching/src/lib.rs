//! What does a bank line pay? The best explanation of each line of a statement, with what speaks for it, and whether it may be booked
//! alone.

pub mod backtest;
pub mod bits;
pub mod calibration;
pub mod candidates;
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
