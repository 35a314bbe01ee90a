//! Which records are the same? Groups of duplicates, kept true while records come, change and go.
//!
//! **In**: rows of text whose columns mean something ([`field`]). **Out**: groups of records, and how each change changed them
//! ([`engine`]). Pure: no clock, no SQL, no threads, and integers wherever two records are compared.
//!
//! A row becomes a [`record`] of normalised tokens ([`reader`], [`normalise`]). Records that share a blocking key ([`keys`],
//! [`postings`]) are compared ([`compare`]): each comparison agrees on a level ([`measure`]), and a level is worth a number of bits
//! ([`model`]), unless something speaks against the pair ([`veto`]). What is linked hangs together in components, which are
//! divided into groups ([`cluster`]). How much a level is worth can be learned from the records themselves ([`train`]).
//!
//! Invariants:
//! - groups are a function of the records, the frozen model and what people decided; the order of events never shows;
//! - a pair weighs the same from both sides, and never less because a field became equal;
//! - no pair of a group has anything that speaks against it.

mod bound;
pub mod cluster;
pub mod compare;
pub mod engine;
pub mod field;
pub mod frequencies;
pub mod keys;
pub mod measure;
pub mod model;
pub mod normalise;
pub mod postings;
pub mod reader;
pub mod record;
pub mod train;
pub mod veto;
pub mod waterfall;
