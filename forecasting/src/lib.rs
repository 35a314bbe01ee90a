//! How series go on, and when open invoices are paid: forecasts, with intervals that hold what they say.
//!
//! [`receivables`] says when what customers owe is received. [`series`] continues a series of numbers at equal distances, such as what a
//! company took in each week. Each has a `backtest` over files whose continuation is known, which says how good it was.
//!
//! The engines are pure: no clock, no randomness, no other state than what is passed in. Files and stopwatches are for backtests alone.

pub mod files;
mod numbers;
pub mod receivables;
pub mod series;
