//! Who may mint which identities: rules over paths, owners and files.
//!
//! A rule is held twice: over everything that an entry's template can become, when entries are
//! checked, and over the one identity that it does become, when it is issued.

use std::fmt;

use palisade_model::Origin;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::pattern::Pattern;
use super::template::{IdTemplate, Piece};
use crate::{Attribute, SpiffeId};

/// The longest pattern of paths, in bytes.
const LONGEST_PATH: usize = 2048;
/// The most texts that one segment of a template is spelled out into.
const MOST_TEXTS: usize = 1024;

/// Why a text is not a pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a pattern of paths: write segments such as `/ns/shop/**`, with `*` for one segment or its end, and `**` at the end for all below"
)]
pub struct PathPatternError(String);

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Text(Box<str>),
    /// Begins with this text; empty for any segment.
    Begins(Box<str>),
}

/// Paths by their segments; `*` ends a segment, `**` ends the pattern and stands for one or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern {
    text: Box<str>,
    segments: Vec<Segment>,
    /// Whether more segments may follow; at least one must.
    below: bool,
}

impl PathPattern {
    /// Reads a pattern; a slash at its beginning is not needed.
    ///
    /// # Errors
    /// Empty segments, and wildcards that do not end a segment or the pattern.
    pub fn new(text: &str) -> Result<Self, PathPatternError> {
        let error = || PathPatternError(text.chars().take(80).collect());
        let path = text.strip_prefix('/').unwrap_or(text);
        let (path, below) = match path.strip_suffix("**") {
            Some("") => ("", true),
            Some(rest) => (rest.strip_suffix('/').ok_or_else(error)?, true),
            None => (path, false),
        };
        if text.len() > LONGEST_PATH || (path.is_empty() && !below) {
            return Err(error());
        }
        let segments = match path {
            "" => Vec::new(),
            path => path
                .split('/')
                .map(|part| Segment::new(part).ok_or_else(error))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            text: text.into(),
            segments,
            below,
        })
    }

    /// Whether a path is one of these.
    pub fn holds(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        self.is_long_enough(parts.len())
            && self
                .segments
                .iter()
                .zip(&parts)
                .all(|(segment, part)| segment.holds(part))
    }

    /// Whether everything that an entry's template can become is one of these.
    fn holds_all(&self, template: &IdTemplate, entry: &Entry) -> bool {
        let parts = template.segments();
        self.is_long_enough(parts.len())
            && self
                .segments
                .iter()
                .zip(parts)
                .all(|(segment, pieces)| segment.holds_all(&spelled_out(pieces, entry)))
    }

    fn is_long_enough(&self, parts: usize) -> bool {
        if self.below {
            parts > self.segments.len()
        } else {
            parts == self.segments.len()
        }
    }
}

impl Segment {
    fn new(part: &str) -> Option<Self> {
        let (text, open) = match part.strip_suffix('*') {
            Some(text) => (text, true),
            None => (part, false),
        };
        let empty = text.is_empty() && !open;
        if empty || text.contains('*') || matches!(part, "." | "..") {
            return None;
        }
        Some(if open {
            Self::Begins(text.into())
        } else {
            Self::Text(text.into())
        })
    }

    fn holds(&self, part: &str) -> bool {
        match self {
            Self::Text(text) => **text == *part,
            Self::Begins(text) => part.starts_with(&**text),
        }
    }

    fn holds_all(&self, texts: &Spelled) -> bool {
        match (self, texts) {
            (Self::Begins(beginning), Spelled::Beginning(known)) => known.starts_with(&**beginning),
            (Self::Text(_), Spelled::Beginning(_)) => false,
            (segment, Spelled::All(texts)) => texts.iter().all(|text| segment.holds(text)),
        }
    }
}

/// What a segment of a template can become.
enum Spelled {
    /// These texts and no others.
    All(Vec<String>),
    /// Anything that begins so.
    Beginning(String),
}

/// Spells a segment out as far as the entry's match fixes the values in it.
fn spelled_out(pieces: &[Piece], entry: &Entry) -> Spelled {
    let mut texts = vec![String::new()];
    for piece in pieces {
        let values = match piece {
            Piece::Text(text) => vec![&**text],
            Piece::Value(attribute) => match exact_values(entry, attribute) {
                Some(values) if texts.len() * values.len() <= MOST_TEXTS => values,
                _ => {
                    let known = known_beginning(entry, attribute);
                    let known = texts.iter().map(|text| format!("{text}{known}")).collect();
                    return Spelled::Beginning(common_beginning(known));
                }
            },
        };
        texts = texts
            .iter()
            .flat_map(|text| values.iter().map(move |value| format!("{text}{value}")))
            .collect();
    }
    Spelled::All(texts)
}

fn exact_values<'e>(entry: &'e Entry, attribute: &Attribute) -> Option<Vec<&'e str>> {
    let patterns = entry.matches.get(attribute)?;
    let exact = |pattern: &'e Pattern| match pattern {
        Pattern::Exact(text) => Some(&**text),
        _ => None,
    };
    patterns.iter().map(exact).collect()
}

/// What every value of an attribute begins with.
fn known_beginning(entry: &Entry, attribute: &Attribute) -> String {
    let beginning = |pattern: &Pattern| match pattern {
        Pattern::Exact(text) | Pattern::Wildcard { before: text, .. } => text.to_string(),
        Pattern::Any => String::new(),
    };
    let patterns = entry.matches.get(attribute).map_or(&[][..], Vec::as_slice);
    common_beginning(patterns.iter().map(beginning).collect())
}

fn common_beginning(texts: Vec<String>) -> String {
    let mut texts = texts.into_iter();
    let first = texts.next().unwrap_or_default();
    texts.fold(first, |known, text| {
        let same = known.chars().zip(text.chars());
        same.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    })
}

/// Says that some owners, or some files, may mint some paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MintRule {
    /// Which paths, in the issuer's own trust domain.
    pub path: PathPattern,
    /// Only entries of these owners; empty: of any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// Only entries in these files, as seen from the folder of the rules; empty: in any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathPattern>,
    /// Where the rule is written.
    pub origin: Origin,
}

impl MintRule {
    fn is_for(&self, entry: &Entry) -> bool {
        let owned = self.owners.is_empty() || self.owners.contains(&entry.owner);
        let folder = self.origin.file.rsplit_once('/').map(|(folder, _)| folder);
        let file = match folder {
            Some(folder) => entry
                .origin
                .file
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/')),
            None => Some(&*entry.origin.file),
        };
        // INVARIANT: what was pushed is in no file, whatever its pusher calls it.
        let file = file.filter(|_| !entry.is_pushed());
        let placed = |file: &str| {
            let plain = !file.split('/').any(|part| matches!(part, "." | ".."));
            plain && self.files.iter().any(|pattern| pattern.holds(file))
        };
        owned && (self.files.is_empty() || file.is_some_and(placed))
    }
}

/// Why an entry may not mint an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// No rule is for this owner and file.
    #[error("no mint rule lets `{owner}` mint anything from `{file}`")]
    NoRule {
        /// The entry's owner.
        owner: String,
        /// The entry's file.
        file: String,
    },
    /// The rules are for other paths.
    #[error("`{owner}` may mint {allowed}, and `{id}` can be something else")]
    Path {
        /// The entry's owner.
        owner: String,
        /// The paths that are allowed.
        allowed: String,
        /// What the entry gives.
        id: String,
    },
}

/// All rules; none at all means that every entry may mint every path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MintRules(pub Vec<MintRule>);

impl MintRules {
    /// Whether everything that an entry can become is allowed.
    ///
    /// # Errors
    /// Tells what the entry's owner may mint.
    pub fn permit_entry(&self, entry: &Entry) -> Result<(), MintError> {
        self.permit(entry, entry.id.as_str(), |path| {
            path.holds_all(&entry.id, entry)
        })
    }

    /// Whether this entry may mint this identity.
    ///
    /// # Errors
    /// Tells what the entry's owner may mint.
    pub fn permit_id(&self, entry: &Entry, id: &SpiffeId) -> Result<(), MintError> {
        self.permit(entry, id.as_str(), |path| path.holds(id.path()))
    }

    fn permit(
        &self,
        entry: &Entry,
        id: &str,
        allows: impl Fn(&PathPattern) -> bool,
    ) -> Result<(), MintError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut allowed = Vec::new();
        for rule in self.0.iter().filter(|rule| rule.is_for(entry)) {
            if allows(&rule.path) {
                return Ok(());
            }
            allowed.push(format!("`{}`", rule.path));
        }
        let owner = entry.owner.clone();
        Err(if allowed.is_empty() {
            MintError::NoRule {
                owner,
                file: entry.origin.file.to_string(),
            }
        } else {
            MintError::Path {
                owner,
                allowed: allowed.join(", "),
                id: id.to_owned(),
            }
        })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for PathPattern {
    type Error = PathPatternError;

    fn try_from(text: String) -> Result<Self, PathPatternError> {
        Self::new(&text)
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.text.into()
    }
}
