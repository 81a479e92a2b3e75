//! Discovery, keys, bundle and token exchange over HTTPS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::Args;
use palisade_identity::server::Server;
use palisade_identity::web::{ExchangeRecord, ExchangeRules, ServerIdentity, Site, router, serve};
use palisade_identity::{Clock, SystemClock};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The most audiences that a record keeps, and the longest one, in characters.
const AUDIENCES: usize = 32;
const LONGEST_AUDIENCE: usize = 1024;
/// The largest file of rules.
const LARGEST: u64 = 1 << 20;

/// What is served over HTTPS.
#[derive(Debug, Args)]
#[command(next_help_heading = "HTTPS")]
pub(super) struct WebArguments {
    /// Address and port for the bundle, and with --issuer for discovery and token exchange
    #[arg(long, value_name = "ADDRESS")]
    web: Option<SocketAddr>,
    /// Address that clouds find the discovery document at, such as `https://id.shop.example`
    #[arg(long, value_name = "URL", requires = "web")]
    pub(super) issuer: Option<String>,
    /// Certificate chain in PEM, instead of a document of the own authority
    #[arg(long, value_name = "FILE", requires = "web_key")]
    web_cert: Option<PathBuf>,
    /// Private key in PEM
    #[arg(long, value_name = "FILE", requires = "web_cert")]
    web_key: Option<PathBuf>,
    /// Who may exchange which tokens, in JSON; nobody where it is not given
    #[arg(long, value_name = "FILE", requires = "issuer")]
    exchange_rules: Option<PathBuf>,
}

impl WebArguments {
    /// Changes when the rules of exchange are written.
    pub(super) fn stamp(&self) -> Option<SystemTime> {
        stamp(self.exchange_rules.as_deref())
    }
}

fn stamp(path: Option<&Path>) -> Option<SystemTime> {
    let known = std::fs::metadata(path?);
    known.and_then(|known| known.modified()).ok()
}

/// The pages, bound to their address.
pub(super) struct Pages {
    pub(super) address: SocketAddr,
    listener: TcpListener,
    identity: ServerIdentity,
    router: axum::Router,
    /// Who may exchange which tokens.
    pub(super) rules: RulesFile,
}

/// The rules of exchange as their file says.
#[derive(Clone)]
pub(super) struct RulesFile {
    path: Option<PathBuf>,
    sender: watch::Sender<Arc<ExchangeRules>>,
}

impl RulesFile {
    fn open(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let first = path.as_deref().map(rules).transpose()?;
        let sender = watch::Sender::new(Arc::new(first.unwrap_or_default()));
        Ok(Self { path, sender })
    }

    /// Reads the file again, if there is one.
    pub(super) fn reload(&self) -> anyhow::Result<bool> {
        let Some(path) = &self.path else {
            return Ok(false);
        };
        self.sender.send_replace(Arc::new(rules(path)?));
        Ok(true)
    }

    /// Changes when the file is written.
    pub(super) fn stamp(&self) -> Option<SystemTime> {
        stamp(self.path.as_deref())
    }
}

impl Pages {
    /// The pages, if any are to be served.
    pub(super) async fn open(
        arguments: &WebArguments,
        server: &Arc<Server>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(address) = arguments.web else {
            return Ok(None);
        };
        let rules = RulesFile::open(arguments.exchange_rules.clone())?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keeping = Arc::clone(server);
        let router = router(Site {
            authority: Arc::clone(server.authority()),
            clock: Arc::clone(&clock),
            rules: rules.sender.subscribe(),
            admit: {
                let server = Arc::clone(server);
                Box::new(move || server.admit().map_err(|refusal| refusal.to_string()))
            },
            record: Box::new(move |record| keep(&keeping, record)),
        })?;
        let identity = match (&arguments.web_cert, &arguments.web_key) {
            (Some(certificate), Some(key)) => ServerIdentity::Files {
                certificate: certificate.clone(),
                key: key.clone(),
            },
            _ => ServerIdentity::Svid {
                authority: Arc::clone(server.authority()),
                id: server.own_id()?,
                clock,
            },
        };
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
        Ok(Some(Self {
            address: listener.local_addr().unwrap_or(address),
            listener,
            identity,
            router,
            rules,
        }))
    }

    pub(super) async fn serve(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        Ok(serve(self.listener, self.identity, self.router, stop).await?)
    }
}

fn keep(server: &Server, record: &ExchangeRecord) {
    let subject = record.subject.as_ref().map(ToString::to_string);
    let audiences = record.audiences.iter().take(AUDIENCES);
    let audiences: Vec<String> = audiences
        .map(|audience| audience.chars().take(LONGEST_AUDIENCE).collect())
        .collect();
    let kept = json!({
        "event": "exchange",
        "subject": subject,
        "actor": record.actor.as_ref().map(ToString::to_string),
        "audiences": audiences,
        "refused": record.refused,
    });
    let subject = subject.as_deref().unwrap_or_default();
    match &record.refused {
        None => server.keep(subject, &kept),
        // Strangers without a token are one to the limits, whatever they write.
        Some(_) if subject.is_empty() => server.keep_refusal(subject, &kept, &["exchange"]),
        Some(reason) => server.keep_refusal(subject, &kept, &["exchange", subject, reason]),
    }
}

fn rules(path: &Path) -> anyhow::Result<ExchangeRules> {
    let wrong = || format!("cannot read the exchange rules in `{}`", path.display());
    let known = std::fs::metadata(path).with_context(wrong)?;
    anyhow::ensure!(
        known.len() <= LARGEST,
        "`{}` is larger than 1 MiB",
        path.display()
    );
    let text = std::fs::read_to_string(path).with_context(wrong)?;
    serde_json::from_str(&text).with_context(wrong)
}
