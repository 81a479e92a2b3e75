//! What an operator asks of a running issuer: status, keys, join tokens, entries, bundles.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;
use palisade_identity::TrustDomain;
use palisade_identity::admin::{Agent, Invite, Invited, Key, Rotate, Status, Verb, call};
use palisade_identity::authority::Kind;
use serde::Serialize;
use serde_json::Value;

use super::Format;
use super::serve::StatePlace;
use super::status::{rotated, told};
use crate::arguments::Global;
use crate::output;

/// The largest bundle that is read.
const LARGEST_BUNDLE: u64 = 4 << 20;

/// Where the issuer is.
#[derive(Debug, Args)]
pub(super) struct Running {
    #[command(flatten)]
    state: StatePlace,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Running {
    pub(super) fn state(&self) -> &StatePlace {
        &self.state
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }
}

/// Kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeyKind {
    /// Signs X.509 documents
    X509,
    /// Signs tokens
    Es256,
    /// Signs tokens for readers that take nothing else
    Rs256,
}

/// What can be typed after `identity rotate`.
#[derive(Debug, Args)]
pub(super) struct RotateArguments {
    /// Only keys of this kind
    #[arg(long, value_enum)]
    kind: Option<KeyKind>,
    /// Sign with the new keys at once, before other trust domains know them
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    running: Running,
}

/// What can be typed after `identity taint` and `identity revoke`.
#[derive(Debug, Args)]
pub(super) struct KeyArguments {
    /// Id of the key, as `identity status` lists it
    #[arg(value_name = "KEY")]
    id: String,
    #[command(flatten)]
    running: Running,
}

/// What can be typed after `identity token`.
#[derive(Debug, Args)]
pub(super) struct TokenArguments {
    #[command(subcommand)]
    action: TokenAction,
}

#[derive(Debug, Subcommand)]
enum TokenAction {
    /// Make a token that lets one agent join once
    Create {
        /// Name that the agent gets
        #[arg(value_name = "NAME")]
        agent: String,
        /// For how long it can be redeemed
        #[arg(long, value_name = "TIME", default_value = "10m")]
        ttl: SignedDuration,
        #[command(flatten)]
        running: Running,
    },
}

/// What can be typed after `identity bundle`.
#[derive(Debug, Args)]
pub(super) struct BundleArguments {
    #[command(subcommand)]
    action: BundleAction,
}

#[derive(Debug, Subcommand)]
enum BundleAction {
    /// Show the own bundle and those of other trust domains, in the standard's form
    Show {
        /// Only this trust domain's
        #[arg(value_name = "TRUST DOMAIN")]
        name: Option<TrustDomain>,
        #[command(flatten)]
        state: StatePlace,
    },
    /// Trust another trust domain's bundle
    Set {
        /// Whose it is
        #[arg(value_name = "TRUST DOMAIN")]
        name: TrustDomain,
        /// File with the bundle (a JWKS), or `-`
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        state: StatePlace,
    },
    /// Trust another trust domain no longer
    Delete {
        /// Whose bundle
        #[arg(value_name = "TRUST DOMAIN")]
        name: TrustDomain,
        #[command(flatten)]
        state: StatePlace,
    },
}

/// What can be typed after `identity agent`.
#[derive(Debug, Args)]
pub(super) struct AgentArguments {
    #[command(subcommand)]
    action: AgentAction,
}

#[derive(Debug, Subcommand)]
enum AgentAction {
    /// Refuse an agent from now on
    Ban {
        /// Its SPIFFE ID
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        running: Running,
    },
    /// Forget an agent, which may then be attested anew
    Evict {
        /// Its SPIFFE ID
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        running: Running,
    },
}

/// What can be typed after `identity entry show`.
#[derive(Debug, Args)]
pub(super) struct EntryShow {
    /// Only this entry
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    state: StatePlace,
}

pub(super) fn entries(arguments: &EntryShow, global: &Global) -> anyhow::Result<u8> {
    let all = ask(&arguments.state, Verb::Get, "/entries", &())?;
    let shown = match &arguments.name {
        None => all,
        Some(name) => {
            let found = all.as_array().into_iter().flatten();
            let mut found = found.filter(|entry| entry.get("name") == Some(&Value::from(&**name)));
            let entry = found.next().cloned();
            entry.with_context(|| format!("no entry in force is called `{name}`"))?
        }
    };
    output::data(&pretty(&shown)?, 0, global.color)
}

pub(super) fn status(running: &Running, global: &Global) -> anyhow::Result<u8> {
    show(
        ask(&running.state, Verb::Get, "/status", &())?,
        running,
        global,
    )
}

pub(super) fn rotate(arguments: &RotateArguments, global: &Global) -> anyhow::Result<u8> {
    let kind = arguments.kind.map(|kind| match kind {
        KeyKind::X509 => Kind::X509,
        KeyKind::Es256 => Kind::Es256,
        KeyKind::Rs256 => Kind::Rs256,
    });
    let question = Rotate {
        kind,
        now: arguments.now,
    };
    let running = &arguments.running;
    let answer = ask(&running.state, Verb::Post, "/rotate", &question)?;
    if running.format == Format::Human {
        let status: Status = serde_json::from_value(answer)?;
        let text = rotated(&status, &question) + &told(&status);
        return output::data(&text, 0, global.color);
    }
    show(answer, running, global)
}

pub(super) fn taint(arguments: &KeyArguments, global: &Global) -> anyhow::Result<u8> {
    key("/taint", arguments, global)
}

pub(super) fn revoke(arguments: &KeyArguments, global: &Global) -> anyhow::Result<u8> {
    key("/revoke", arguments, global)
}

fn key(what: &str, arguments: &KeyArguments, global: &Global) -> anyhow::Result<u8> {
    let question = Key {
        id: arguments.id.clone(),
    };
    let running = &arguments.running;
    let answer = ask(&running.state, Verb::Post, what, &question)?;
    show(answer, running, global)
}

pub(super) fn token(arguments: &TokenArguments, global: &Global) -> anyhow::Result<u8> {
    let TokenAction::Create {
        agent,
        ttl,
        running,
    } = &arguments.action;
    let question = Invite {
        agent: agent.clone(),
        seconds: u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX),
    };
    let answer = ask(&running.state, Verb::Post, "/token", &question)?;
    let text = match running.format {
        Format::Json => pretty(&answer)?,
        Format::Human => {
            let invited: Invited = serde_json::from_value(answer)?;
            format!(
                "{}\n  for `{}`, once, until {}\n",
                invited.token, invited.agent, invited.expires
            )
        }
    };
    output::data(&text, 0, global.color)
}

pub(super) fn agent(arguments: &AgentArguments, global: &Global) -> anyhow::Result<u8> {
    let (what, id, running) = match &arguments.action {
        AgentAction::Ban { id, running } => ("/agents/ban", id, running),
        AgentAction::Evict { id, running } => ("/agents/evict", id, running),
    };
    let answer = ask(&running.state, Verb::Post, what, &Agent { id: id.clone() })?;
    show(answer, running, global)
}

pub(super) fn bundle(arguments: &BundleArguments, global: &Global) -> anyhow::Result<u8> {
    let answer = match &arguments.action {
        BundleAction::Show { name, state } => {
            let all = ask(state, Verb::Get, "/bundles", &())?;
            match name {
                None => all,
                Some(name) => all
                    .pointer(&format!("/trust_domains/{name}"))
                    .cloned()
                    .with_context(|| format!("there is no bundle of `{name}`"))?,
            }
        }
        BundleAction::Set { name, file, state } => {
            let bundle: Value = serde_json::from_str(&read(file)?)
                .with_context(|| format!("`{}` is not a bundle", file.display()))?;
            ask(state, Verb::Put, &format!("/bundles/{name}"), &bundle)?
        }
        BundleAction::Delete { name, state } => {
            ask(state, Verb::Delete, &format!("/bundles/{name}"), &())?
        }
    };
    output::data(&pretty(&answer)?, 0, global.color)
}

fn read(file: &PathBuf) -> anyhow::Result<String> {
    let wrong = || format!("cannot read `{}`", file.display());
    let mut text = String::new();
    if file.as_os_str() == "-" {
        let input = std::io::stdin()
            .take(LARGEST_BUNDLE)
            .read_to_string(&mut text);
        input.with_context(wrong)?;
    } else {
        let opened = std::fs::File::open(file).with_context(wrong)?;
        opened
            .take(LARGEST_BUNDLE)
            .read_to_string(&mut text)
            .with_context(wrong)?;
    }
    Ok(text)
}

/// Asks the running issuer.
pub(super) fn ask<Q: Serialize + Sync>(
    state: &StatePlace,
    verb: Verb,
    what: &str,
    question: &Q,
) -> anyhow::Result<Value> {
    let socket = state.admin_socket()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot wait for an answer")?;
    Ok(runtime.block_on(call(&socket, verb, what, question))?)
}

fn show(answer: Value, running: &Running, global: &Global) -> anyhow::Result<u8> {
    let text = match running.format {
        Format::Json => pretty(&answer)?,
        Format::Human => told(&serde_json::from_value(answer)?),
    };
    output::data(&text, 0, global.color)
}

pub(super) fn pretty(value: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
