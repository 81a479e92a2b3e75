//! Measures what one decision of a policy costs, and whether decisions scale with threads.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bumpalo::Bump;
use palisade_document::{Document, Limits, SourceFile, Syntax, parse};
use palisade_policy::{
    Budget, Bundle, Compiled, Context, Effects, Folder, Input, Meter, Settings, Subject,
    evaluate_guarded, languages,
};

use crate::bench_document::review;
use crate::steps::root;

/// How long each measurement goes on at least.
const LONG_ENOUGH: Duration = Duration::from_millis(400);
/// Longest time of fourteen pod security policies of Gatekeeper over one review.
const GATEKEEPER_LIMIT: Duration = Duration::from_micros(600);
/// Longest time of a whole Sentinel policy set over a plan, per policy.
const SENTINEL_LIMIT: Duration = Duration::from_millis(1);
/// Most time that the tests of the Kyverno policies may take.
const SUITE_LIMIT: Duration = Duration::from_secs(10);

/// The pod security policies of the library of Gatekeeper.
const POD_SECURITY: [&str; 14] = [
    "allow-privilege-escalation",
    "capabilities",
    "flexvolume-drivers",
    "forbidden-sysctls",
    "fsgroup",
    "host-filesystem",
    "host-namespaces",
    "host-network-ports",
    "privileged-containers",
    "proc-mount",
    "read-only-root-filesystem",
    "seccomp",
    "users",
    "volumes",
];

/// What is measured: compiled sets and the document that they judge.
struct Case {
    name: String,
    sets: Vec<Arc<dyn Compiled>>,
    document: Document,
    subject: Subject,
    limit: Option<Duration>,
}

/// Times the five guardrails of `examples/policies` in every language and, where a folder is given,
/// fourteen policies of the library of Gatekeeper and all tests of the Kyverno policies.
pub(crate) fn policy(further: &[&str]) -> Result<()> {
    let mut cases = examples()?;
    let mut suite = None;
    for pair in further.chunks(2) {
        match *pair {
            ["--gatekeeper-library", folder] => cases.push(gatekeeper(folder)?),
            ["--kyverno-policies", folder] => suite = Some(folder),
            _ => bail!("`bench policy` takes --gatekeeper-library DIR and --kyverno-policies DIR"),
        }
    }
    let mut slow = Vec::new();
    for case in &cases {
        let one = case.decision()?;
        let (alone, together) = (case.rate(1)?, case.rate(2)?);
        let rules: usize = case.sets.iter().map(|set| set.rules().len()).sum();
        crate::say(&format!(
            "{}: {rules} rules, {:.1} µs a decision{}; two threads do {:.2} times as many as one",
            case.name,
            one.as_secs_f64() * 1e6,
            case.limit.map_or_else(String::new, |limit| format!(
                " (limit {} µs)",
                limit.as_micros()
            )),
            together / alone,
        ));
        if case.limit.is_some_and(|limit| one > limit) {
            slow.push(case.name.clone());
        }
    }
    if let Some(folder) = suite {
        let taken = whole_suite(folder)?;
        crate::say(&format!(
            "all tests of the Kyverno policies: {:.1} s (limit {} s)",
            taken.as_secs_f64(),
            SUITE_LIMIT.as_secs()
        ));
        if taken > SUITE_LIMIT {
            slow.push("the Kyverno policies".to_owned());
        }
    }
    if !slow.is_empty() {
        bail!("slower than they may be: {}", slow.join(", "));
    }
    Ok(())
}

impl Case {
    fn judge(&self) -> Result<()> {
        let document = self.document.roots().next().context("an empty document")?;
        let input = Input::new(self.subject, document);
        for set in &self.sets {
            let arena = Bump::new();
            let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
            evaluate_guarded(set.as_ref(), &context, &input)
                .map_err(|error| anyhow::anyhow!("{}: {error}", self.name))?;
        }
        Ok(())
    }

    /// The fastest of several batches, for one decision by all sets.
    fn decision(&self) -> Result<Duration> {
        let started = Instant::now();
        let mut best = Duration::MAX;
        while started.elapsed() < LONG_ENOUGH {
            let batch = Instant::now();
            for _ in 0..20 {
                self.judge()?;
            }
            best = best.min(batch.elapsed() / 20);
        }
        Ok(best)
    }

    /// Decisions that one thread makes in a while.
    fn count(&self) -> Result<u32> {
        let (started, mut count) = (Instant::now(), 0);
        while started.elapsed() < LONG_ENOUGH {
            self.judge()?;
            count += 1;
        }
        Ok(count)
    }

    /// Decisions that this many threads make in a while, together.
    fn rate(&self, threads: u32) -> Result<f64> {
        let mut best = 0;
        for _ in 0..3 {
            let counts: Vec<Result<u32>> = std::thread::scope(|scope| {
                let start = |_| scope.spawn(|| self.count());
                let running: Vec<_> = (0..threads).map(start).collect();
                let ends = running.into_iter().map(std::thread::ScopedJoinHandle::join);
                ends.map(|end| end.unwrap_or_else(|_| bail!("a thread panicked")))
                    .collect()
            });
            let counts: Vec<u32> = counts.into_iter().collect::<Result<_>>()?;
            best = best.max(counts.iter().sum());
        }
        Ok(f64::from(best))
    }
}

/// The five guardrails in each language.
fn examples() -> Result<Vec<Case>> {
    let folder = root().join("examples/policies");
    let mut cases = Vec::new();
    for (name, below) in [
        ("rego", "rego"),
        ("kyverno", "kyverno"),
        ("cel", "cel"),
        ("sentinel", "sentinel"),
    ] {
        let path = folder.join(below);
        let sentinel = name == "sentinel";
        let (document, subject) = match name {
            "sentinel" => {
                let plan = std::fs::read_to_string(path.join("plan.json"))?;
                (plan, Subject::TerraformPlan)
            }
            "rego" => (reviewed()?, Subject::KubernetesObject),
            _ => (review(), Subject::AdmissionReview),
        };
        let sets = compiled(name, &Folder::new(path, below))?;
        let policies: usize = sets.iter().map(|set| set.rules().len()).sum();
        let limit = SENTINEL_LIMIT * u32::try_from(policies)?;
        cases.push(Case {
            name: format!("examples/policies/{below}"),
            sets,
            document: read(document)?,
            subject,
            limit: sentinel.then_some(limit),
        });
    }
    Ok(cases)
}

/// The pod of the review.
fn reviewed() -> Result<String> {
    let review: serde_json::Value = serde_json::from_str(&review())?;
    let pod = review.pointer("/request/object");
    Ok(pod.context("the review has no object")?.to_string())
}

fn compiled(name: &str, folder: &Folder) -> Result<Vec<Arc<dyn Compiled>>> {
    let language = languages::find(name).context("no such language")?;
    let bundles = (language.discover)(folder).map_err(|error| anyhow::anyhow!("{error}"))?;
    bundles.iter().map(|bundle| compile(name, bundle)).collect()
}

fn compile(name: &str, bundle: &Bundle) -> Result<Arc<dyn Compiled>> {
    let language = languages::find(name).context("no such language")?;
    (language.compile)(bundle, &Settings::default()).map_err(|errors| {
        let first = errors.first().map_or_else(String::new, ToString::to_string);
        anyhow::anyhow!("{name}: {first}")
    })
}

fn read(text: String) -> Result<Document> {
    let file = Arc::new(SourceFile::new("bench", text));
    let (document, errors) = parse(file, Syntax::Json, &Limits::default());
    match errors.first() {
        Some(error) => bail!("the document of the benchmark is broken: {error}"),
        None => Ok(document),
    }
}

/// Templates of the library's pod security policies, each with its first constraint.
fn gatekeeper(library: &str) -> Result<Case> {
    let folder = Folder::new(Path::new(library), "");
    let files = folder.files().map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut bundle = Bundle::default();
    for name in POD_SECURITY {
        let base = format!("library/pod-security-policy/{name}/");
        let constraint = files
            .iter()
            .find(|file| file.starts_with(&base) && file.ends_with("constraint.yaml"))
            .with_context(|| format!("{library} has no {base}: is it the Gatekeeper library?"))?;
        for file in [format!("{base}template.yaml"), constraint.clone()] {
            let text = folder
                .read(&file)
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            bundle.files.insert(file, text);
        }
    }
    Ok(Case {
        name: "fourteen policies of Gatekeeper".to_owned(),
        sets: vec![compile("rego", &bundle)?],
        document: read(review())?,
        subject: Subject::AdmissionReview,
        limit: Some(GATEKEEPER_LIMIT),
    })
}

fn whole_suite(folder: &str) -> Result<Duration> {
    let language = languages::find("kyverno").context("no such language")?;
    let started = Instant::now();
    let reports = (language.test)(&Folder::new(folder, ""), &Settings::default());
    let reports = reports.map_err(|error| anyhow::anyhow!("{error}"))?;
    if reports.is_empty() {
        bail!("{folder} holds no tests of Kyverno policies");
    }
    Ok(started.elapsed())
}
