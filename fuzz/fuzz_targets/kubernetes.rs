//! Any manifest becomes facts without a panic, and the same facts each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_sources::{Options, read_texts};

fuzz_target!(|text: &str| {
    let options = Options {
        no_render: true,
        ..Options::default()
    };
    let texts = [("fuzz.yaml", text)];
    let first = read_texts(&texts, &options);
    let second = read_texts(&texts, &options);
    assert_eq!(format!("{:?}", first.model), format!("{:?}", second.model));
});
