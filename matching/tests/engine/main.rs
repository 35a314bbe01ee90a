//! The engine from outside: what holds whatever it is told, and worlds of lines with what is right.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod company;
mod generator;
mod properties;
mod reports;
mod variations;
mod worlds;
