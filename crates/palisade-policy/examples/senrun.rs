fn main() {
    let folder = palisade_policy::Folder::new(std::env::args().nth(1).unwrap(), "");
    let started = std::time::Instant::now();
    let reports = palisade_policy::languages::sentinel::run_tests(&folder).unwrap();
    let mut pass = 0;
    let mut other = vec![];
    let mut durations = vec![];
    for report in &reports {
        for case in &report.cases {
            durations.push((case.duration, case.name.clone()));
            match &case.verdict {
                palisade_policy::Verdict::Passed => pass += 1,
                verdict => other.push((case.name.clone(), format!("{verdict:?}"))),
            }
        }
    }
    durations.sort();
    println!("pass {pass} other {} in {:?} median {:?} max {:?}", other.len(), started.elapsed(), durations[durations.len()/2], durations.last());
    for (name, verdict) in other {
        println!("{name}: {}", &verdict[..verdict.floor_char_boundary(300.min(verdict.len()))]);
    }
}
