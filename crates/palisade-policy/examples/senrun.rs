//! x
use palisade_policy::*;
fn main() {
    let folder = Folder::new(std::env::args().nth(1).unwrap(), "");
    let language = languages::find("sentinel").unwrap();
    let started = std::time::Instant::now();
    let score = (language.conformance[0].1)(&folder).unwrap();
    println!(
        "passed {} failed {} in {:?}",
        score.passed,
        score.failures(),
        started.elapsed()
    );
    for (cause, cases) in &score.failed {
        println!("FAILED {cause}: {} {}", cases.len(), cases[0]);
    }
    for (cause, cases) in &score.not_applicable {
        println!("n/a {cause}: {}", cases.len());
    }
    let started = std::time::Instant::now();
    let reports = (language.test)(&folder, &Settings::default()).unwrap();
    let mut durations: Vec<_> = reports
        .iter()
        .flat_map(|r| r.cases.iter().map(|c| (c.duration, c.name.clone())))
        .collect();
    durations.sort();
    println!(
        "{:?} median {:?} max {:?}",
        started.elapsed(),
        durations[durations.len() / 2],
        durations.last()
    );
    for bundle in (language.discover)(&folder).unwrap() {
        match (language.compile)(&bundle, &Settings::default()) {
            Ok(set) => println!("{} ok {}", bundle.name, set.rules().len()),
            Err(errors) => {
                println!("{}", bundle.name);
                for e in errors {
                    println!(
                        "  {} {:?}",
                        e.message,
                        e.origin.map(|o| format!("{}:{}", o.file, o.start.line))
                    );
                }
            }
        }
    }
}
