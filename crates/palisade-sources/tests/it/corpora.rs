//! Whole systems that others wrote.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use palisade_model::{DiagnosticLevel, Outcome};
use palisade_sources::{Options, Reading, read};

fn options() -> Options {
    Options {
        no_render: true,
        ..Options::default()
    }
}

fn corpora() -> PathBuf {
    std::env::var_os("PALISADE_CORPORA").map_or_else(|| panic!("PALISADE_CORPORA"), PathBuf::from)
}

fn read_folder(folder: &Path) -> Reading {
    read(folder, &[folder.to_path_buf()], &options())
}

fn show(name: &str, reading: &Reading) {
    let model = &reading.model;
    println!(
        "{name}: {} files, {} workloads (+{}), {} services, {} controls, {} edges, {} diagnostics",
        reading.accounts.len(),
        model.workloads.len(),
        model.other_declarations.len(),
        model.services.len(),
        model.controls.len(),
        model.edges.len(),
        reading.diagnostics.len(),
    );
    for diagnostic in &reading.diagnostics {
        let place = diagnostic.origin.as_ref().map(ToString::to_string);
        println!("  {:?} {place:?} {}", diagnostic.level, diagnostic.message);
    }
    for account in &reading.accounts {
        if let Outcome::Unread { reason } | Outcome::Partial { reason, .. } = &account.outcome {
            println!("  not read: {} {reason}", account.path);
        }
    }
}

/// Ends of connections that `expected.txt` names, without what stands for the outside.
fn expected_workloads(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.split_once(" : ").map(|(ends, _)| ends))
        .flat_map(|ends| ends.split(" => "))
        .filter(|end| !end.starts_with('{') && !end.contains("External"))
        .map(str::to_owned)
        .collect()
}

#[test]
#[ignore = "needs PALISADE_CORPORA"]
fn connectivity_systems_have_the_workloads_that_are_expected() {
    let folder = corpora().join("connectivity");
    let mut systems: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    systems.sort();
    let mut wrong = Vec::new();
    for system in systems {
        let reading = read_folder(&system.join("manifests"));
        show(&system.file_name().unwrap().to_string_lossy(), &reading);
        let text = std::fs::read_to_string(system.join("expected.txt")).unwrap();
        let names: BTreeSet<&str> = reading
            .model
            .workloads
            .iter()
            .map(|it| it.id.name())
            .collect();
        for name in expected_workloads(&text) {
            if !names.contains(name.as_str()) && name != "ingress-controller" {
                wrong.push(format!("{}: {name}", system.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
#[ignore = "needs PALISADE_CORPORA"]
fn real_systems_are_read_with_an_account_for_every_file() {
    for name in ["online-boutique", "kubernetes-goat"] {
        let folder = corpora().join(name);
        let reading = read_folder(&folder);
        show(name, &reading);
        assert!(reading.model.workloads.len() > 10, "{name}");
        let lost = reading
            .diagnostics
            .iter()
            .filter(|it| it.level == DiagnosticLevel::Error && it.origin.is_none());
        assert_eq!(lost.count(), 0, "{name}");
        let paths: BTreeSet<_> = reading
            .accounts
            .iter()
            .map(|account| &account.path)
            .collect();
        assert_eq!(paths.len(), reading.accounts.len(), "{name}");
    }
}
