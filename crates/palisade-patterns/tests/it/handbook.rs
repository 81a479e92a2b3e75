//! Every check has a section in the handbook whose examples do what it says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use palisade_analysis::Analysis;
use palisade_model::{CheckId, PatternId};
use palisade_patterns::{Context, Suppression, Unit, WrittenException, evaluate, find, patterns};
use palisade_sources::{Options, read_texts};

use crate::page::{Example, Section, sections, with_facts};

fn path_of(pattern: PatternId) -> PathBuf {
    let name = format!("p{:02}-{}.md", pattern.number(), pattern.slug());
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/patterns")
        .join(name)
}

fn page_of(pattern: PatternId) -> String {
    std::fs::read_to_string(path_of(pattern)).unwrap_or_default()
}

#[test]
fn every_section_repeats_what_the_registry_says() {
    let check = |id: &str| find(id).first().map(|unit| unit.check);
    for pattern in PatternId::all() {
        let page = page_of(pattern);
        let title = format!("# {}. {}\n", pattern.number(), pattern.slug());
        assert!(page.starts_with(&title), "the page lacks the title {title}");
        let wanted = with_facts(&page, check);
        if std::env::var_os("PALISADE_UPDATE").is_some() {
            std::fs::write(path_of(pattern), &wanted).unwrap();
            continue;
        }
        assert!(
            page == wanted,
            "docs/patterns: severity, fix or references of pattern {} are stale: run this test with PALISADE_UPDATE=1",
            pattern.number()
        );
    }
}

fn messages(check: CheckId, files: &[Example]) -> Vec<String> {
    let texts: Vec<(&str, &str)> = files
        .iter()
        .map(|file| (file.name.as_str(), file.text.as_str()))
        .collect();
    let reading = read_texts(&texts, &Options::default());
    let analysis = Analysis::of(&reading.model);
    let written: Vec<WrittenException> = reading
        .suppressions
        .iter()
        .filter_map(|comment| {
            let read = Suppression::parse(&comment.text).ok()?;
            Some(read.written(&comment.origin))
        })
        .collect();
    let registries = ["registry.example.com".to_owned()];
    let context = Context {
        model: &reading.model,
        analysis: &analysis,
        today: jiff::civil::date(2026, 1, 15),
        allowed_registries: &registries,
        exceptions: &written,
        guardrails: &[],
        judging: None,
        identified: &BTreeSet::new(),
    };
    let found = evaluate(&context, &|unit| unit.check.id == check);
    let message = |finding: palisade_model::Finding| finding.message;
    found.findings.into_iter().map(message).collect()
}

/// Checks whose examples need the policy engines: `crates/palisade/tests/it/guardrails.rs` runs them.
const HELD_BY_THE_BINARY: [CheckId; 3] = [
    CheckId::new(6, 20),
    CheckId::new(6, 21),
    CheckId::new(6, 22),
];

/// What is wrong with the section of a check; nothing when all is well.
fn faults(unit: &Unit, section: &Section) -> Vec<String> {
    let id = unit.check.id;
    let mut faults = Vec::new();
    let mut fault = |what: String| faults.push(format!("{id}: {what}"));
    if !section.explained {
        fault("no paragraph explains it".to_owned());
    }
    if section.flagged.is_empty() || section.findings.is_empty() {
        fault("no flagged example with its `Finding:` line".to_owned());
    }
    if section.clean.is_empty() {
        fault("no example that is not flagged".to_owned());
    }
    if HELD_BY_THE_BINARY.contains(&id) {
        return faults;
    }
    let flagged = messages(id, &section.flagged);
    if flagged != section.findings {
        fault(format!(
            "the handbook says {:?}, the check says {flagged:?}",
            section.findings
        ));
    }
    let clean = messages(id, &section.clean);
    if !clean.is_empty() {
        fault(format!("the clean example is flagged: {clean:?}"));
    }
    faults
}

fn faults_of(pattern: u8) -> Vec<String> {
    let chosen = patterns()
        .iter()
        .filter(|known| known.id.number() == pattern);
    let mut all = Vec::new();
    for known in chosen {
        let page = page_of(known.id);
        let sections = sections(&page);
        for unit in known.units {
            let heading = format!("{} {}", unit.check.id, unit.check.slug);
            match sections.iter().find(|section| section.heading == heading) {
                Some(section) => all.extend(faults(unit, section)),
                None => all.push(format!("no section `## {heading}`")),
            }
        }
        for section in sections.iter().filter(|section| {
            let id = section.heading.split(' ').next().unwrap_or_default();
            id.starts_with("PAL")
                && !known
                    .units
                    .iter()
                    .any(|unit| unit.check.id.to_string() == id)
        }) {
            all.push(format!("no check has the section `{}`", section.heading));
        }
    }
    all
}

macro_rules! pages {
    ($($name:ident: $number:literal,)*) => {
        $(#[test]
        fn $name() {
            let faults = faults_of($number);
            assert!(faults.is_empty(), "{}", faults.join("\n"));
        })*
    };
}

pages! {
    identity_aware_ingress: 1,
    mesh_mtls: 2,
    workload_identity: 3,
    least_privilege_access: 4,
    network_segmentation: 5,
    policy_as_code: 6,
    signed_artifacts: 7,
    hardened_runtime: 8,
    data_protection: 9,
    declarative_delivery: 10,
    stitched_telemetry: 11,
    automated_response: 12,
}
