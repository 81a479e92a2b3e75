//! Why a command could not do its work, and the exit code that says it.

use std::process::ExitCode;

use palisade_model::{Diagnostic, DiagnosticLevel};
use palisade_report::Texts;

use crate::arguments::Global;
use crate::output;

/// Exit code for a bad command line.
pub(crate) const USAGE: u8 = 2;
/// Exit code for a run that could not finish, so that nothing is said.
pub(crate) const UNFINISHED: u8 = 3;

/// Something that was typed makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(crate) struct UsageError {
    /// What is wrong.
    pub(crate) sentence: String,
    /// The way out.
    pub(crate) help: Option<String>,
}

impl UsageError {
    /// A usage error without a way out to offer.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            help: None,
        }
    }

    /// Offers a way out.
    pub(crate) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// A settings file that cannot be used, with the line that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{}", diagnostic.message)]
pub(crate) struct LocatedError {
    /// What is wrong and where.
    pub(crate) diagnostic: Box<Diagnostic>,
    /// The text, to show its line.
    pub(crate) texts: Texts,
}

/// Says why on standard error, and gives the exit code.
pub(crate) fn report(error: &anyhow::Error, global: &Global) -> ExitCode {
    if let Some(located) = error.downcast_ref::<LocatedError>() {
        let text = palisade_report::render_diagnostic(&located.diagnostic, &located.texts);
        output::complain(&text, global.color);
        return ExitCode::from(UNFINISHED);
    }
    let usage = error.downcast_ref::<UsageError>();
    let diagnostic = Diagnostic {
        level: DiagnosticLevel::Error,
        message: format!("{error:#}"),
        origin: None,
        help: usage.and_then(|usage| usage.help.clone()),
    };
    let text = palisade_report::render_diagnostic(&diagnostic, &Texts::new());
    output::complain(&text, global.color);
    ExitCode::from(if usage.is_some() { USAGE } else { UNFINISHED })
}
