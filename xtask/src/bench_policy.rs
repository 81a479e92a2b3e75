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

use rustix::time::{ClockId, clock_gettime};

use crate::bench_document::review;
use crate::steps::root;

/// Decisions that are timed together.
const BATCH: u32 = 20;
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
        let beside = case.decision_beside_another()?;
        let rules: usize = case.sets.iter().map(|set| set.rules().len()).sum();
        crate::say(&format!(
            "{}: {rules} rules, {:.1} µs a decision{}; {:.2} times that on two threads at once",
            case.name,
            one.as_secs_f64() * 1e6,
            case.limit.map_or_else(String::new, |limit| format!(
                " (limit {} µs)",
                limit.as_micros()
            )),
            beside.as_secs_f64() / one.as_secs_f64(),
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

    /// The time on a processor that one decision by all sets takes on this thread: the least of
    /// several batches, since other work on the machine spoils caches.
    fn decision(&self) -> Result<Duration> {
        let started = Instant::now();
        let mut best = Duration::MAX;
        while started.elapsed() < LONG_ENOUGH {
            let batch = busy();
            for _ in 0..BATCH {
                self.judge()?;
            }
            best = best.min(busy().saturating_sub(batch) / BATCH);
        }
        Ok(best)
    }

    /// The same for two threads at once: the mean of both.
    fn decision_beside_another(&self) -> Result<Duration> {
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..2).map(|_| scope.spawn(|| self.decision())).collect();
            let mut total = Duration::ZERO;
            for thread in running {
                total += thread
                    .join()
                    .unwrap_or_else(|_| bail!("a thread panicked"))?;
            }
            Ok(total / 2)
        })
    }
}

/// How long this thread has been on a processor.
fn busy() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
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
    let started = clock_gettime(ClockId::ProcessCPUTime);
    let reports = (language.test)(&Folder::new(folder, ""), &Settings::default());
    let reports = reports.map_err(|error| anyhow::anyhow!("{error}"))?;
    if reports.is_empty() {
        bail!("{folder} holds no tests of Kyverno policies");
    }
    let ended = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(ended.tv_sec.saturating_sub(started.tv_sec)).unwrap_or(0);
    Ok(Duration::from_secs(seconds))
}
