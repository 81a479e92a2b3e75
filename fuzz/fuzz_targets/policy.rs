//! Any model can be analysed: network, mesh and access rules that contradict each other included.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_analysis::Analysis;
use palisade_sources::{Options, read_texts};

fuzz_target!(|text: &str| {
    let options = Options {
        no_render: true,
        ..Options::default()
    };
    let reading = read_texts(&[("fuzz.yaml", text)], &options);
    let analysis = Analysis::of(&reading.model);
    std::hint::black_box(&analysis);
});
