//! The one list of commands: one file and one line each.

mod baseline;
mod check;
mod completions;
mod config;
mod diagram;
mod enforce;
mod explain;
mod fix;
mod identity;
mod man;
mod model;
mod paths;
mod policy;
mod privileges;
mod serve;

pub(crate) use self::privileges::as_json as privileges_as_json;
pub(crate) use self::serve::read_objects;
use self::serve::stopped;
use crate::arguments::Global;

/// Declares the commands from one list.
macro_rules! commands {
    ($($variant:ident => $module:ident,)*) => {
        /// What to do.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Command {
            $(#[command(about = $module::ABOUT)] $variant($module::Arguments),)*
        }

        impl Command {
            /// Does it, and gives the exit code.
            pub(crate) fn run(&self, global: &Global) -> anyhow::Result<u8> {
                match self {
                    $(Self::$variant(arguments) => $module::run(arguments, global),)*
                }
            }
        }
    };
}

commands! {
    Check => check,
    Paths => paths,
    Privileges => privileges,
    Explain => explain,
    Fix => fix,
    Enforce => enforce,
    Baseline => baseline,
    Model => model,
    Diagram => diagram,
    Config => config,
    Policy => policy,
    Identity => identity,
    Serve => serve,
    Completions => completions,
    Man => man,
}
