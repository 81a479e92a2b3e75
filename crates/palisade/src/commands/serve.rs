//! `palisade serve --admission`: policies as a Kubernetes admission webhook.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use palisade_document::{Document, Limits, SourceFile, parse_yaml};
use palisade_policy::admission::Gate;
use palisade_policy::{Budget, Settings};
use palisade_server::TlsFiles;
use palisade_server::admission::{Overflow, Webhook, serve};

use crate::arguments::Global;
use crate::failure::UsageError;
use crate::{output, policies, session};

pub(super) const ABOUT: &str = "Serve policies as a Kubernetes admission webhook";

const EXAMPLES: &str = "Examples:
  palisade serve --admission policy/ --tls-cert tls.crt --tls-key tls.key
  palisade serve --admission policy/ --plain --listen 127.0.0.1:8080   behind a proxy of your own

Answers POST /validate and POST /mutate (admission.k8s.io/v1), and /healthz, /readyz, /metrics.
What cannot be evaluated is refused, and the answer is there before the API server gives up. Changed policies and certificates are taken over within
seconds; changed policies that do not load leave those before in force.";

/// What can be typed after `serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folders with policies
    #[arg(value_name = "POLICIES", required = true)]
    policies: Vec<PathBuf>,
    /// Answer AdmissionReviews
    #[arg(long, required = true)]
    admission: bool,
    /// Address and port
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Certificate chain in PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        required_unless_present = "plain"
    )]
    tls_cert: Option<PathBuf>,
    /// Private key in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Require client certificates of these authorities, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    client_ca: Option<PathBuf>,
    /// Serve plain HTTP, for a proxy in front
    #[arg(long, conflicts_with = "tls_cert")]
    plain: bool,
    /// Manifests that policies may look up: namespaces, ConfigMaps, parameters
    #[arg(long, value_name = "PATH")]
    objects: Vec<PathBuf>,
    /// Append decisions to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    decision_log: Option<PathBuf>,
    /// What happens to a decision that the log has no room for
    #[arg(long, value_enum, default_value_t)]
    log_overflow: LogOverflow,
    /// Longest evaluation of one policy, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    timeout_ms: u64,
}

/// What happens to a decision that the log has no room for.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum LogOverflow {
    /// It waits, and is refused where there is no room in time
    #[default]
    Wait,
    /// It is refused at once
    Deny,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let root = std::env::current_dir().context("cannot tell the current directory")?;
    session::exist(&arguments.policies)?;
    session::exist(&arguments.objects)?;
    let webhook = webhook(arguments, &root)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(session::DEEP_STACK)
        .build()
        .context("cannot start the threads of a server")?;
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(arguments.listen)
            .await
            .with_context(|| format!("cannot listen on {}", arguments.listen))?;
        let address = listener.local_addr().unwrap_or(arguments.listen);
        let stopped = stopped();
        let scheme = if arguments.plain { "http" } else { "https" };
        let ready = || {
            output::complain(&format!("listening on {scheme}://{address}"), global.color);
        };
        serve(listener, webhook, ready, stopped).await?;
        Ok(0)
    });
    // An evaluation that still runs ends with the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

fn webhook(arguments: &Arguments, root: &Path) -> anyhow::Result<Webhook> {
    let decisions: Box<dyn Write + Send> = match &arguments.decision_log {
        None => Box::new(std::io::stdout()),
        Some(path) => {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path);
            Box::new(file.with_context(|| format!("cannot write `{}`", path.display()))?)
        }
    };
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: arguments.client_ca.clone(),
        }),
        _ if arguments.plain => None,
        _ => return Err(UsageError::new("give --tls-cert and --tls-key, or --plain").into()),
    };
    let budget = Budget {
        time: Duration::from_millis(arguments.timeout_ms),
        ..Budget::default()
    };
    let (folder, paths) = (root.to_path_buf(), arguments.policies.clone());
    let objects = arguments.objects.clone();
    let watched: Vec<PathBuf> = paths.iter().chain(&objects).cloned().collect();
    let stamped = folder.clone();
    Ok(Webhook {
        tls,
        load: Box::new(move || load(&folder, &paths, &objects, budget)),
        stamp: Box::new(move || stamp(&stamped, &watched)),
        now_ns,
        decisions,
        overflow: match arguments.log_overflow {
            LogOverflow::Wait => Overflow::Wait,
            LogOverflow::Deny => Overflow::Deny,
        },
        say: |sentence| output::complain(sentence, crate::arguments::Color::Auto),
    })
}

fn load(
    root: &Path,
    paths: &[PathBuf],
    objects: &[PathBuf],
    budget: Budget,
) -> Result<Gate, String> {
    let loaded = policies::load(root, paths, None, &Settings::default());
    let unloaded = loaded.unloaded().map(|error| match &error.origin {
        Some(origin) => format!("{}: {}", origin, error.message),
        None => error.message.clone(),
    });
    let unloaded: Vec<String> = unloaded.collect();
    if !unloaded.is_empty() {
        return Err(unloaded.join("\n"));
    }
    let judges = |set: &policies::PolicySet| {
        set.language.name != "sentinel" && !set.compiled.rules().is_empty()
    };
    if !loaded.sets.iter().any(judges) {
        return Err("no rule judges Kubernetes objects here: everything would pass".to_owned());
    }
    let mut documents = Vec::new();
    for path in objects {
        read_objects(root, path, &mut documents)?;
    }
    let sets = loaded.sets.into_iter().map(|set| set.compiled).collect();
    Ok(Gate::new(sets, documents, budget))
}

/// Reads the manifests at or below a path, for policies to look up.
pub(crate) fn read_objects(
    root: &Path,
    path: &Path,
    into: &mut Vec<Arc<Document>>,
) -> Result<(), String> {
    let mut files = Vec::new();
    list(&root.join(path), &mut files)?;
    for file in files {
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
        let source = Arc::new(SourceFile::new(file.to_string_lossy().as_ref(), text));
        let (document, errors) = parse_yaml(Arc::clone(&source), &Limits::default());
        if let Some(error) = errors.first() {
            let line = source.position(error.span.start).line;
            return Err(format!("{}:{line}: {}", file.display(), error.message));
        }
        into.push(Arc::new(document));
    }
    Ok(())
}

/// YAML and JSON files at or below a path, sorted.
fn list(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("cannot read `{}`: {error}", path.display());
    if path.is_file() {
        found.push(path.to_path_buf());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(wrong)? {
        entries.push(entry.map_err(wrong)?.path());
    }
    entries.sort();
    for entry in entries {
        let name = entry.extension().unwrap_or_default();
        let is_manifest = ["yaml", "yml", "json"].iter().any(|end| name == *end);
        if entry.is_dir() && !entry.is_symlink() {
            list(&entry, found)?;
        } else if is_manifest {
            found.push(entry);
        }
    }
    Ok(())
}

/// Changes when a file below the paths is added, removed or written.
fn stamp(root: &Path, paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        let folder = policies::folder(root, path);
        if let Ok(known) = std::fs::metadata(folder.root()) {
            known.len().hash(&mut hasher);
            known.modified().ok().hash(&mut hasher);
        }
        for file in folder.files().unwrap_or_default() {
            file.hash(&mut hasher);
            if let Ok(known) = std::fs::metadata(folder.root().join(&file)) {
                known.len().hash(&mut hasher);
                known.modified().ok().hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}

fn now_ns() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Ends when the process is told to stop, from the call on: whoever is told before it waits for
/// this ends in order all the same.
#[cfg(unix)]
pub(super) fn stopped() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = signal(SignalKind::interrupt());
    let terminated = signal(SignalKind::terminate());
    async {
        if let (Ok(mut interrupted), Ok(mut terminated)) = (interrupted, terminated) {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        } else {
            let _stopped = tokio::signal::ctrl_c().await;
        }
    }
}

/// Ends when the process is told to stop.
#[cfg(not(unix))]
pub(super) async fn stopped() {
    let _stopped = tokio::signal::ctrl_c().await;
}
