//! Suppression comments: `# palisade:ignore PAL0701 owner=… reason="…" expires=2027-01-31`.
//!
//! They are exceptions that stand beside what they cover, with the same duties: one without owner,
//! reason or end is an error and is not honoured.

use jiff::civil::Date;
use palisade_model::{CheckId, Diagnostic, DiagnosticLevel, Finding, Origin};
use palisade_patterns::find;
use palisade_sources::SuppressionComment;

const FORM: &str =
    "write `palisade:ignore PAL0701 owner=NAME reason=\"why\" expires=2027-01-31` with every part";

/// A comment that is honoured.
#[derive(Debug)]
pub(crate) struct Inline {
    /// Checks that it covers.
    pub(crate) checks: Vec<CheckId>,
    /// Why.
    pub(crate) reason: String,
    /// Who answers for it.
    pub(crate) owner: String,
    /// First day on which it no longer holds.
    pub(crate) expires: Date,
    /// Where the comment stands.
    pub(crate) origin: Origin,
    covers: palisade_document::Span,
}

impl Inline {
    /// Whether it covers this finding, whatever the date: the finding starts in the part of the
    /// same file that the comment belongs to.
    pub(crate) fn covers(&self, finding: &Finding) -> bool {
        let at = finding.origin.span.start;
        self.checks.contains(&finding.check)
            && finding.origin.file == self.origin.file
            && (self.covers.start..self.covers.end).contains(&at)
    }
}

/// Reads a comment; what is wrong with it otherwise.
pub(crate) fn parse(comment: &SuppressionComment) -> Result<Inline, Diagnostic> {
    read(comment).map_err(|sentence| Diagnostic {
        level: DiagnosticLevel::Error,
        message: sentence,
        origin: Some(comment.origin.clone()),
        help: Some(FORM.to_owned()),
    })
}

fn read(comment: &SuppressionComment) -> Result<Inline, String> {
    let mut checks = Vec::new();
    let (mut owner, mut reason, mut expires) = (None, None, None);
    for word in words(&comment.text)? {
        match word {
            Word::Bare(name) => {
                let found = find(&name);
                if found.is_empty() {
                    return Err(format!(
                        "this suppression names `{name}`, which is no check"
                    ));
                }
                checks.extend(found.into_iter().map(|unit| unit.check.id));
            }
            Word::Pair(key, value) => match key.as_str() {
                "owner" => owner = Some(value),
                "reason" => reason = Some(value),
                "expires" => expires = Some(value),
                _ => return Err(format!("this suppression has an unknown part `{key}`")),
            },
        }
    }
    if checks.is_empty() {
        return Err("this suppression names no check".to_owned());
    }
    let expires = said(expires, "expires")?;
    Ok(Inline {
        checks,
        reason: said(reason, "reason")?,
        owner: said(owner, "owner")?,
        expires: expires
            .parse()
            .map_err(|_| format!("this suppression ends on `{expires}`, which is no date"))?,
        origin: comment.origin.clone(),
        covers: comment.covers,
    })
}

fn said(value: Option<String>, name: &str) -> Result<String, String> {
    value
        .filter(|value| !value.trim().is_empty())
        .ok_or_else(|| format!("this suppression has no `{name}` and is not honoured"))
}

enum Word {
    Bare(String),
    Pair(String, String),
}

/// Splits at spaces and commas; a value in double quotes may hold both.
fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest
            .find(|character: char| {
                character.is_whitespace() || character == ',' || character == '='
            })
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(value) = after.strip_prefix('=') else {
            if !name.is_empty() {
                words.push(Word::Bare(name.to_owned()));
            }
            rest = after.trim_start_matches(|character: char| {
                character.is_whitespace() || character == ','
            });
            continue;
        };
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted
                .split_once('"')
                .ok_or_else(|| format!("the value of `{name}` has no closing quote"))?,
            None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        words.push(Word::Pair(name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    Ok(words)
}
