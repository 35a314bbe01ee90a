//! Inputs on which fuzzing once found something, and its seeds, through the same code on the stable toolchain: fuzz/README.md.

#![allow(unreachable_pub, missing_docs, reason = "a test binary has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../fuzz/src/lib.rs"]
mod drivers;

/// None of these inputs takes longer, on any machine.
const TIMEOUT: Duration = Duration::from_secs(10);

#[test]
fn what_fuzzing_found_stays_mended() {
    for target in drivers::TARGETS {
        for folder in ["seeds", "regressions"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target);
            let mut files: Vec<_> = std::fs::read_dir(&folder)
                .map(|files| files.map(|file| file.unwrap().path()).collect())
                .unwrap_or_default();
            files.sort();
            for file in files {
                let input = std::fs::read(&file).unwrap();
                eprintln!("{}", file.display());
                let began = Instant::now();
                drivers::drive(target, &input);
                assert!(began.elapsed() < TIMEOUT, "{} takes {:?}", file.display(), began.elapsed());
            }
        }
    }
}
