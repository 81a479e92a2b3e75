//! `palisade identity`: workload identities.

mod entry;
mod evidence;
mod explain;
mod operate;
mod push;
mod serve;
mod status;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use palisade_identity::TrustDomain;

use crate::arguments::Global;
use crate::entries::{self, LoadedEntries};
use crate::session;
use crate::settings::Settings;

pub(super) const ABOUT: &str = "Give workloads short-lived identities in place of secrets";

const EXAMPLES: &str = "Examples:
  palisade identity serve                          issue to the processes of this machine
  palisade identity status                         keys, agents, outage budget
  palisade identity entry check                    are the entry files right, and who may mint what
  palisade identity explain --pid 4711             which identity a process gets, and why not
  palisade enforce --target identity --diff        entry files made from the system's code";

/// What can be typed after `identity`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

/// What to do with identities.
#[derive(Debug, Subcommand)]
enum Action {
    /// Check, list and push entries: who gets which identity
    Entry(entry::Arguments),
    /// Say which identities a process gets, and why it does not get others
    Explain(explain::Arguments),
    /// Issue identities to the processes of this machine
    Serve(Box<serve::Arguments>),
    /// Say how a running issuer is: keys, agents, how long it may be away
    Status(operate::Running),
    /// Replace keys before their time
    Rotate(operate::RotateArguments),
    /// Replace every document that a key signed
    Taint(operate::KeyArguments),
    /// Take a key out of the bundle: nothing that it signed is valid any more
    Revoke(operate::KeyArguments),
    /// Let agents join
    Token(operate::TokenArguments),
    /// Show and set bundles of other trust domains
    Bundle(operate::BundleArguments),
    /// Show what was issued to whom and why, and what was refused
    Evidence(evidence::Arguments),
    /// Refuse or forget agents
    Agent(operate::AgentArguments),
}

/// Form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

/// Where entries are, and whose.
#[derive(Debug, Args)]
struct EntryPlaces {
    /// Entry files and folders of them, instead of `identity/`
    #[arg(long = "entries", value_name = "PATH", value_delimiter = ',')]
    entries: Vec<PathBuf>,
    /// The issuer's trust domain, where entries do not name it
    #[arg(
        long,
        value_name = "NAME",
        env = "PALISADE_TRUST_DOMAIN",
        hide_env_values = true
    )]
    trust_domain: Option<TrustDomain>,
}

/// Reads the entry files that were typed, or those of the settings.
fn load(
    typed: &[PathBuf],
    trust_domain: Option<&TrustDomain>,
    global: &Global,
) -> anyhow::Result<LoadedEntries> {
    let root = std::env::current_dir().context("cannot tell the current directory")?;
    session::exist(typed)?;
    let start = typed.first().map_or(Path::new("."), PathBuf::as_path);
    let settings = Settings::find(&root, &root.join(start), global.config.as_deref())?;
    let places = entries::places(&root, typed, &settings.identity);
    entries::load(&root, &places, trust_domain, &settings.identity)
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    match &arguments.action {
        Action::Entry(arguments) => entry::run(arguments, global),
        Action::Explain(arguments) => explain::run(arguments, global),
        Action::Serve(arguments) => serve::run(arguments, global),
        Action::Status(running) => operate::status(running, global),
        Action::Rotate(arguments) => operate::rotate(arguments, global),
        Action::Taint(arguments) => operate::taint(arguments, global),
        Action::Revoke(arguments) => operate::revoke(arguments, global),
        Action::Token(arguments) => operate::token(arguments, global),
        Action::Bundle(arguments) => operate::bundle(arguments, global),
        Action::Evidence(arguments) => evidence::run(arguments, global),
        Action::Agent(arguments) => operate::agent(arguments, global),
    }
}

fn plural_of<'w>(count: usize, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}
