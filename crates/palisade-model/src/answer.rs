//! Findings: what is wrong, where, what it lets an attacker do, and how to fix it.

use palisade_document::text_fingerprint;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::origin::Origin;
use crate::pattern::PatternId;

/// A check's public number, such as `PAL0501`: pattern 5, check 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId {
    pattern: u8,
    number: u8,
}

/// Why a text is not a [`CheckId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not a check id: expected `PAL` and four digits, such as `PAL0501`")]
pub struct ParseCheckIdError {
    /// The text as given.
    pub input: String,
}

impl CheckId {
    /// Check `number` of pattern `pattern`; both from 1.
    pub const fn new(pattern: u8, number: u8) -> Self {
        Self { pattern, number }
    }

    /// The pattern it belongs to.
    pub const fn pattern(self) -> Option<PatternId> {
        PatternId::new(self.pattern)
    }
}

impl std::fmt::Display for CheckId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "PAL{:02}{:02}", self.pattern, self.number)
    }
}

impl std::str::FromStr for CheckId {
    type Err = ParseCheckIdError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        let error = || ParseCheckIdError {
            input: input.to_owned(),
        };
        let digits = input
            .get(..3)
            .filter(|head| head.eq_ignore_ascii_case("PAL"))
            .and(input.get(3..))
            .ok_or_else(error)?;
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        let pattern = digits
            .get(..2)
            .and_then(|part| part.parse().ok())
            .ok_or_else(error)?;
        let number = digits
            .get(2..)
            .and_then(|part| part.parse().ok())
            .ok_or_else(error)?;
        if PatternId::new(pattern).is_none() || number == 0 {
            return Err(error());
        }
        Ok(Self { pattern, number })
    }
}

impl Serialize for CheckId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CheckId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for CheckId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CheckId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^PAL[0-9]{4}$" })
    }
}

/// What a reviewer would block a merge for; ordered from the least.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to have.
    Low,
    /// To be planned.
    Medium,
    /// Blocks a merge.
    High,
    /// Stops everything.
    Critical,
}

/// Why a text is not a [`Severity`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity `{input}`: expected one of critical, high, medium, low")]
pub struct ParseSeverityError {
    /// The text as given.
    pub input: String,
}

impl Severity {
    /// The word that output shows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::str::FromStr for Severity {
    type Err = ParseSeverityError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        [Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|severity| severity.word() == input)
            .ok_or_else(|| ParseSeverityError {
                input: input.to_owned(),
            })
    }
}

/// How sure a check is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The code hints at it.
    Low,
    /// Usually so; what the code does not show could change it.
    Medium,
    /// The code says so.
    High,
}

/// A tool that people come from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// Checkov.
    Checkov,
    /// Trivy.
    Trivy,
    /// Kubescape.
    Kubescape,
    /// kube-linter.
    KubeLinter,
    /// hadolint.
    Hadolint,
}

impl Tool {
    /// The name as its people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkov => "Checkov",
            Self::Trivy => "Trivy",
            Self::Kubescape => "Kubescape",
            Self::KubeLinter => "kube-linter",
            Self::Hadolint => "hadolint",
        }
    }
}

/// The same question in another tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Equivalent {
    /// The tool.
    pub tool: Tool,
    /// Its id there, such as `CKV_K8S_16`.
    pub id: &'static str,
}

/// What a check is, apart from its code: what the handbook, reports and exceptions need.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// Number.
    pub id: CheckId,
    /// Slug, readable after "allow".
    pub slug: &'static str,
    /// One line: what it flags.
    pub title: &'static str,
    /// Severity unless a finding says otherwise.
    pub severity: Severity,
    /// Confidence unless a finding says otherwise.
    pub confidence: Confidence,
    /// What it lets an attacker do, in one sentence.
    pub lets: &'static str,
    /// What to do, in one sentence.
    pub fix: &'static str,
    /// Sections of public guides, such as `CIS Kubernetes 5.2.2`.
    pub references: &'static [&'static str],
    /// The same question in other tools.
    pub equivalents: &'static [Equivalent],
}

/// A place with a few words about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Where.
    pub origin: Origin,
    /// What to say about it.
    pub note: String,
}

/// A computed edit of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The file.
    pub file: String,
    /// Byte where the replaced text starts.
    pub start: u32,
    /// One past the last replaced byte; equal to `start` for an insertion.
    pub end: u32,
    /// The new text.
    pub replacement: String,
}

/// What a mapping of a source lacks; it is written in the file's own style when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The mapping.
    pub mapping: Origin,
    /// The keys from the mapping down to the value; those that are missing are made.
    pub path: Vec<&'static str>,
    /// The value.
    pub value: AddedValue,
}

/// The value of an [`Addition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedValue {
    /// `true` or `false`.
    Bool(bool),
    /// A word that needs no quotes.
    Word(&'static str),
    /// A list of such words.
    Words(&'static [&'static str]),
}

/// Something that is wrong, with one root cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Short name of it, the same from run to run: [`Finding::id_of`].
    pub id: String,
    /// Which check.
    pub check: CheckId,
    /// The check's slug.
    pub slug: String,
    /// Severity.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What is wrong, as the headline: one sentence, lower case.
    pub message: String,
    /// The node it is about.
    pub subject: NodeId,
    /// What in the node it is about, such as a container's name; empty for the whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// Words under the marked source.
    pub label: String,
    /// Where.
    pub origin: Origin,
    /// Further places that belong to it (the rule that decides, the other declaration).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Place>,
    /// Other declarations of the same thing with the same fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Origin>,
    /// What it lets an attacker do.
    pub lets: String,
    /// What to do.
    pub fix: String,
    /// The edit that does it, where it can be computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
    /// What is to be added to the sources, before it is written out as patches.
    #[serde(skip)]
    pub additions: Vec<Addition>,
    /// Digest of the subject's declaration, so that an exception lapses when it changes.
    pub content: String,
}

impl Finding {
    /// Eight hexadecimal digits that stand for check, subject and part, to name a finding by.
    pub fn id_of(check: CheckId, subject: &NodeId, part: &str) -> String {
        let digest = text_fingerprint(&format!("{check}|{subject}|{part}"));
        let mut id = digest.to_string();
        id.truncate(8);
        id
    }

    /// The identity that exceptions and comparisons use: check, subject and part.
    pub fn key(&self) -> (CheckId, &str, &str) {
        (self.check, self.subject.as_str(), &self.part)
    }

    /// Whether an edit is known that does away with it.
    pub fn is_fixable(&self) -> bool {
        !self.patches.is_empty() || !self.additions.is_empty()
    }
}
