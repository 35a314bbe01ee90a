//! Ledgerwell.
