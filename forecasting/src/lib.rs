//! How series go on, and when open invoices are paid: forecasts, with intervals that hold what they say.
//!
//! [`receivables`] says when what customers owe is received. [`series`] continues a series of numbers at equal distances, such as what a
//! company took in each week. Both have a `backtest` over files whose continuation is known, which says how good they were. [`repetitions`] finds
//! payments that come again, [`wins`] says how likely an opportunity is won, and [`residual`] what forecasts miss again and again.
//!
//! The engines are pure: no clock, no randomness, no other state than what is passed in. Files and stopwatches are for backtests alone.

pub mod calendar;
pub mod files;
pub mod holidays;
mod numbers;
pub mod receivables;
pub mod repetitions;
pub mod residual;
pub mod series;
pub mod wins;
