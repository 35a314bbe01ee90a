#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ledgerwell_fuzz::drive("http", input));
