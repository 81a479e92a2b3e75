//! The one list of output formats.

mod github;
mod human;
mod json;
mod junit;
mod markdown;
mod sarif;
mod snippet;

use crate::Texts;
use crate::assessment::Assessment;
pub(crate) use snippet::one_line;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Human,
    /// The assessment, with its schema.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// `JUnit` XML, for CI.
    Junit,
    /// Workflow commands, for annotations on GitHub.
    Github,
    /// A pull-request comment.
    Markdown,
}

/// Why a text names no [`Format`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseFormatError {
    /// The text as given.
    pub input: String,
}

impl std::fmt::Display for ParseFormatError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = Format::ALL.map(Format::name).join(", ");
        write!(
            formatter,
            "unknown format `{}`: expected one of {known}",
            self.input
        )
    }
}

impl std::error::Error for ParseFormatError {}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Human,
        Self::Json,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Markdown,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Markdown => "markdown",
        }
    }
}

impl std::str::FromStr for Format {
    type Err = ParseFormatError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == input)
            .ok_or_else(|| ParseFormatError {
                input: input.to_owned(),
            })
    }
}

/// How much the human format shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// Only what fails the run, and the last line.
    Quiet,
    /// Critical and high findings in full, the others folded by check.
    #[default]
    Normal,
    /// Every finding in full, and what became of every file.
    Verbose,
}

/// Shows one diagnostic with its line, styled with ANSI sequences.
pub fn render_diagnostic(diagnostic: &palisade_model::Diagnostic, texts: &Texts) -> String {
    snippet::diagnostic(diagnostic, texts)
}

/// Shows one finding with its line and everything that is known about it, styled with ANSI
/// sequences.
pub fn render_finding(
    finding: &palisade_model::Finding,
    assessment: &Assessment,
    texts: &Texts,
) -> String {
    snippet::finding(finding, assessment, texts, snippet::Notes::All)
}

/// Writes an assessment; the human format is styled with ANSI sequences for the caller to keep
/// or strip.
pub fn render(format: Format, assessment: &Assessment, texts: &Texts, detail: Detail) -> String {
    match format {
        Format::Human => human::render(assessment, texts, detail),
        Format::Json => json::render(assessment),
        Format::Sarif => sarif::render(assessment, texts),
        Format::Junit => junit::render(assessment),
        Format::Github => github::render(assessment, texts),
        Format::Markdown => markdown::render(assessment),
    }
}
