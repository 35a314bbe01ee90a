//! How series go on, and when open invoices are paid: forecasts, with intervals that hold what they say.
//!
//! [`receivables`] says when what customers owe is received. [`series`] continues a series of numbers at equal distances, such as what a company took in each week. [`backtest`] does so for
//! files of series whose continuation is known, and says how good it was.
//!
//! Pure: no clock, no randomness, no other state than what is passed in.

pub mod backtest;
pub mod receivables;
pub mod series;
