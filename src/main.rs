//! The command line.

use std::process::ExitCode;

/// Rows are allocated on the thread that reads and freed on the one that writes, at which the system's allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ledgerwell::cli::main()
}
