//! Suppression comments and exceptions as they are written, whatever they are worth.
//!
//! A comment reads `palisade:ignore PAL0701 owner=NAME reason="why" expires=2027-01-31`.

use jiff::civil::Date;
use palisade_model::{CheckId, Origin};

use crate::registry::find;

/// An exception or suppression that somebody wrote, before it is judged.
#[derive(Debug, Clone)]
pub struct WrittenException {
    /// What it covers, in words: `PAL0501 on zone:namespace/shop`.
    pub covers: String,
    /// Who answers for it, where it says so.
    pub owner: Option<String>,
    /// First day on which it no longer holds, where it says so.
    pub expires: Option<Date>,
    /// Where it is written.
    pub origin: Origin,
}

/// What a suppression comment says.
#[derive(Debug, Clone, Default)]
pub struct Suppression {
    /// Checks that it names.
    pub checks: Vec<CheckId>,
    /// Why.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// First day on which it no longer holds.
    pub expires: Option<Date>,
}

/// Why a comment is no suppression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuppressionError {
    /// It names something that is no check.
    UnknownCheck(String),
    /// It has a part that does not exist.
    UnknownPart(String),
    /// It names no check.
    NoCheck,
    /// Its end is no date.
    NoDate(String),
    /// A quote is not closed.
    OpenQuote(String),
}

impl std::fmt::Display for SuppressionError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownCheck(name) => {
                write!(
                    formatter,
                    "this suppression names `{name}`, which is no check"
                )
            }
            Self::UnknownPart(name) => {
                write!(formatter, "this suppression has an unknown part `{name}`")
            }
            Self::NoCheck => formatter.write_str("this suppression names no check"),
            Self::NoDate(text) => {
                write!(
                    formatter,
                    "this suppression ends on `{text}`, which is no date"
                )
            }
            Self::OpenQuote(name) => {
                write!(
                    formatter,
                    "the value of `{name}` in this suppression has no closing quote"
                )
            }
        }
    }
}

impl std::error::Error for SuppressionError {}

impl Suppression {
    /// Reads what stands after `palisade:ignore`.
    ///
    /// # Errors
    /// When a word of it is unknown or cannot be read; parts that are missing are no error here.
    pub fn parse(text: &str) -> Result<Self, SuppressionError> {
        let mut read = Self::default();
        for word in words(text)? {
            match word {
                Word::Bare(name) => {
                    let found = find(&name);
                    if found.is_empty() {
                        return Err(SuppressionError::UnknownCheck(name));
                    }
                    read.checks
                        .extend(found.into_iter().map(|unit| unit.check.id));
                }
                Word::Pair(key, value) if value.trim().is_empty() => {
                    if !["owner", "reason", "expires"].contains(&key.as_str()) {
                        return Err(SuppressionError::UnknownPart(key));
                    }
                }
                Word::Pair(key, value) => match key.as_str() {
                    "owner" => read.owner = Some(value),
                    "reason" => read.reason = Some(value),
                    "expires" => {
                        let day = value.parse();
                        read.expires = Some(day.map_err(|_| SuppressionError::NoDate(value))?);
                    }
                    _ => return Err(SuppressionError::UnknownPart(key)),
                },
            }
        }
        if read.checks.is_empty() {
            return Err(SuppressionError::NoCheck);
        }
        Ok(read)
    }

    /// It as an exception that is to be judged.
    pub fn written(&self, origin: &Origin) -> WrittenException {
        let names: Vec<String> = self.checks.iter().map(CheckId::to_string).collect();
        WrittenException {
            covers: format!("{} in this file", names.join(", ")),
            owner: self.owner.clone(),
            expires: self.expires,
            origin: origin.clone(),
        }
    }
}

enum Word {
    Bare(String),
    Pair(String, String),
}

/// Splits at spaces and commas; a value in double quotes may hold both.
fn words(text: &str) -> Result<Vec<Word>, SuppressionError> {
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
                .ok_or_else(|| SuppressionError::OpenQuote(name.to_owned()))?,
            None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        words.push(Word::Pair(name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::{Suppression, SuppressionError};

    #[test]
    fn values_in_quotes_hold_spaces_and_commas() {
        let read = Suppression::parse(
            "PAL0501, KSV-0017 reason=\"known, for now\" owner=team-shop expires=2027-01-31",
        )
        .unwrap();
        assert_eq!(read.checks.len(), 2);
        assert_eq!(read.reason.as_deref(), Some("known, for now"));
        assert_eq!(read.expires, Some(jiff::civil::date(2027, 1, 31)));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = |text: &str| Suppression::parse(text).unwrap_err();
        assert_eq!(error("owner=a"), SuppressionError::NoCheck);
        assert_eq!(
            error("PAL9999"),
            SuppressionError::UnknownCheck("PAL9999".to_owned())
        );
        assert_eq!(
            error("PAL0501 until=1"),
            SuppressionError::UnknownPart("until".to_owned())
        );
        assert_eq!(
            error("PAL0501 expires=soon"),
            SuppressionError::NoDate("soon".to_owned())
        );
        assert_eq!(
            error("PAL0501 owner=\"a"),
            SuppressionError::OpenQuote("owner".to_owned())
        );
    }
}
