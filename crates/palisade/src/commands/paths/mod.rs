//! `palisade paths`: who can reach what, by which rule, and from the internet step by step.

mod explained;
mod internet;
mod names;
mod view;

use clap::{Args, ValueEnum};
use palisade_analysis::Analysis;
use palisade_analysis::reachability::{HostNetwork, Reachability, connlist};

use self::names::End;
use crate::arguments::{Global, SourceArguments};
use crate::output;
use crate::session::Session;

pub(super) const ABOUT: &str = "Show who can reach what, and the rules that allow it";

const EXAMPLES: &str = "Examples:
  palisade paths                                   what the internet reaches, step by step
  palisade paths --from internet --to dataset      the ways to data
  palisade paths --from frontend                   everything that one workload reaches
  palisade paths --between frontend cart           one connection, with the rules that decide it
  palisade paths --format connlist                 every connection, one per line";

/// What can be typed after `paths`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sources: SourceArguments,
    /// Only from here: a workload (`name`, `namespace/name`) or `internet`
    #[arg(long, value_name = "WORKLOAD")]
    from: Option<String>,
    /// Only to there: a workload, `internet`, or `dataset`
    #[arg(long, value_name = "WORKLOAD")]
    to: Option<String>,
    /// One connection between two ends, explained
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["from", "to"])]
    between: Vec<String>,
    /// Show the rules that decide each connection
    #[arg(long)]
    explain: bool,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: PathsFormat,
}

/// Form of a list of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum PathsFormat {
    /// For a person
    #[default]
    Human,
    /// One sorted line per connection: `ns/name[Kind] => ns/name[Kind] : TCP 80`
    Connlist,
    /// For a program
    Json,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let session = Session::open(&arguments.sources, global)?;
    let model = &session.reading.model;
    let resolve =
        |name: &Option<String>| name.as_deref().map(|name| End::of(name, model)).transpose();
    let (mut from, mut to) = (resolve(&arguments.from)?, resolve(&arguments.to)?);
    if let [a, b] = arguments.between.as_slice() {
        from = Some(End::of(a, model)?);
        to = Some(End::of(b, model)?);
    }
    let unfiltered = from.is_none() && to.is_none();
    if arguments.format == PathsFormat::Connlist && unfiltered {
        // Listings of other tools see pods on the node's network like any other.
        let lines = connlist(&Reachability::with(model, HostNetwork::LikePods));
        let text = output::lines(&lines);
        return output::data(&text, session.code(), global.color);
    }
    let analysis = Analysis::of(model);
    let wanted = view::Wanted {
        from: from.as_ref(),
        to: to.as_ref(),
        explained: arguments.explain || !arguments.between.is_empty(),
    };
    let text = match arguments.format {
        PathsFormat::Human if view::is_from_internet_to_inside(&wanted) || unfiltered => {
            internet::ways(&analysis, &wanted)
        }
        PathsFormat::Human => view::connections(&analysis, &wanted),
        PathsFormat::Connlist => view::lines(&analysis, &wanted),
        PathsFormat::Json => view::json(&analysis, &wanted)?,
    };
    output::data(&text, session.code(), global.color)
}
