//! Texts of an entry that attested values are put into: the SPIFFE ID and DNS names.
//!
//! A value is put in only where it is whole and legal; it is refused otherwise and never changed.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Attribute, IdError, SpiffeId, TrustDomain};

/// The longest template, in bytes: as long as a SPIFFE ID.
const LONGEST_TEMPLATE: usize = 2048;
/// The most values in one template.
const MOST_VALUES: usize = 16;
/// The longest DNS name and label (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;
const SCHEME: &str = "spiffe://";
/// Stands for the trust domain of whoever issues.
const OWN: &str = "{trust-domain}";

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Too long.
    #[error("a template has at most {LONGEST_TEMPLATE} bytes, this one has {0}")]
    Length(usize),
    /// A brace without its partner.
    #[error("a `{0}` has no partner: values are written as `{{k8s.namespace}}`")]
    Brace(char),
    /// What stands in the braces is no attribute.
    #[error("{0}")]
    Attribute(#[from] crate::AttributeError),
    /// Too many values.
    #[error("a template holds at most {MOST_VALUES} values")]
    Values,
    /// The text around the values is not legal.
    #[error("{0}")]
    Id(#[from] IdError),
    /// The trust domain is not a plain name.
    #[error(
        "the trust domain is a plain name such as `example.org`, or `{OWN}` for the issuer's own; attested values belong in the path"
    )]
    TrustDomain,
    /// A workload's identity needs a path.
    #[error("a workload's identity has a path: write `spiffe://example.org/ns/…`")]
    NoPath,
    /// Not a DNS name.
    #[error(
        "`{0}` is not a DNS name: labels hold a-z, 0-9 and `-`, and have at most {LONGEST_LABEL} bytes"
    )]
    Name(String),
}

/// Why a template gives nothing for a caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FillError {
    /// The value was not attested.
    #[error("`{attribute}` was not attested, and the template needs it")]
    Missing {
        /// What was not attested.
        attribute: Attribute,
    },
    /// There are several values, and none is *the* one.
    #[error(
        "`{attribute}` has {values} values, and the template needs exactly one: match the one that is meant"
    )]
    Several {
        /// What has several values.
        attribute: Attribute,
        /// How many.
        values: usize,
    },
    /// The value is not legal at its place.
    #[error("`{attribute}` is {value:?}, which is not legal in {place}")]
    Illegal {
        /// Where the value comes from.
        attribute: Attribute,
        /// The value.
        value: String,
        /// Where it would stand.
        place: String,
    },
    /// The result as a whole is not legal.
    #[error("the filled template is not legal: {reason}")]
    Whole {
        /// What is wrong with it.
        reason: String,
    },
    /// The entry belongs to another trust domain.
    #[error("the entry is for the trust domain `{theirs}`, and this issuer is `{own}`")]
    TrustDomain {
        /// The entry's trust domain.
        theirs: String,
        /// The issuer's.
        own: String,
    },
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Piece {
    /// Stands as it is.
    Text(Box<str>),
    /// The value of an attribute.
    Value(Attribute),
}

/// `spiffe://<trust domain>/<path>` with attested values in the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdTemplate {
    text: Arc<str>,
    /// `None`: the issuer's own.
    trust_domain: Option<TrustDomain>,
    segments: Vec<Vec<Piece>>,
}

impl IdTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Tells which part of it can never become a SPIFFE ID.
    pub fn new(text: &str) -> Result<Self, TemplateError> {
        if text.len() > LONGEST_TEMPLATE {
            return Err(TemplateError::Length(text.len()));
        }
        let rest = text.strip_prefix(SCHEME).ok_or(IdError::Scheme)?;
        let (name, path) = rest.split_once('/').ok_or(TemplateError::NoPath)?;
        let trust_domain = match name {
            OWN => None,
            name if name.contains(['{', '}']) => return Err(TemplateError::TrustDomain),
            name => Some(TrustDomain::new(name)?),
        };
        let segments = pieces_between(path, '/')?;
        segments
            .iter()
            .try_for_each(|pieces| legal_segment(pieces))?;
        Ok(Self {
            text: text.into(),
            trust_domain,
            segments,
        })
    }

    /// The trust domain that is named; `None` stands for the issuer's own.
    pub fn trust_domain(&self) -> Option<&TrustDomain> {
        self.trust_domain.as_ref()
    }

    /// The attributes whose values are put in.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.segments.iter().flatten().filter_map(Piece::attribute)
    }

    /// The parts between the slashes.
    pub(super) fn segments(&self) -> &[Vec<Piece>] {
        &self.segments
    }

    /// Puts values in.
    ///
    /// # Errors
    /// A value is missing, ambiguous or not a legal path segment.
    pub fn fill<'v>(
        &self,
        own: &TrustDomain,
        value: impl Fn(&Attribute) -> Result<&'v str, FillError>,
    ) -> Result<SpiffeId, FillError> {
        if let Some(theirs) = self.trust_domain.as_ref().filter(|name| *name != own) {
            return Err(FillError::TrustDomain {
                theirs: theirs.to_string(),
                own: own.to_string(),
            });
        }
        let mut path = String::new();
        for pieces in &self.segments {
            path.push('/');
            for piece in pieces {
                path.push_str(match piece {
                    Piece::Text(text) => text,
                    Piece::Value(name) => segment_value(name, value(name)?)?,
                });
            }
        }
        own.with_path(&path).map_err(|error| FillError::Whole {
            reason: error.to_string(),
        })
    }
}

/// A DNS name with attested values as its labels or parts of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NameTemplate {
    text: Arc<str>,
    labels: Vec<Vec<Piece>>,
}

impl NameTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Tells what can never become a DNS name.
    pub fn new(text: &str) -> Result<Self, TemplateError> {
        if text.len() > LONGEST_TEMPLATE {
            return Err(TemplateError::Length(text.len()));
        }
        let labels = pieces_between(text, '.')?;
        let wrong = labels.iter().any(|pieces| match pieces.as_slice() {
            [Piece::Text(label)] => !is_label(label),
            pieces => pieces.is_empty() || !pieces.iter().all(Piece::is_label_text),
        });
        if wrong {
            return Err(TemplateError::Name(text.chars().take(80).collect()));
        }
        Ok(Self {
            text: text.into(),
            labels,
        })
    }

    /// The attributes whose values are put in.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.labels.iter().flatten().filter_map(Piece::attribute)
    }

    /// Puts values in.
    ///
    /// # Errors
    /// A value is missing, ambiguous or not part of a legal label.
    pub fn fill<'v>(
        &self,
        value: impl Fn(&Attribute) -> Result<&'v str, FillError>,
    ) -> Result<String, FillError> {
        let mut name = String::new();
        for (at, pieces) in self.labels.iter().enumerate() {
            if at > 0 {
                name.push('.');
            }
            for piece in pieces {
                name.push_str(match piece {
                    Piece::Text(text) => text,
                    Piece::Value(attribute) => label_value(attribute, value(attribute)?)?,
                });
            }
        }
        let legal = name.len() <= LONGEST_NAME && name.split('.').all(is_label);
        if legal {
            Ok(name)
        } else {
            Err(FillError::Whole {
                reason: format!("`{name}` is not a DNS name"),
            })
        }
    }
}

impl Piece {
    fn attribute(&self) -> Option<&Attribute> {
        match self {
            Self::Value(attribute) => Some(attribute),
            Self::Text(_) => None,
        }
    }

    fn is_label_text(&self) -> bool {
        match self {
            Self::Value(_) => true,
            Self::Text(text) => text.bytes().all(is_label_byte),
        }
    }
}

/// Splits at a separator outside of braces, and each part into texts and values.
fn pieces_between(text: &str, separator: char) -> Result<Vec<Vec<Piece>>, TemplateError> {
    let (mut parts, mut pieces, mut plain) = (Vec::new(), Vec::new(), String::new());
    let (mut rest, mut values) = (text.chars(), 0_usize);
    while let Some(character) = rest.next() {
        match character {
            '{' => {
                flush(&mut plain, &mut pieces);
                let (name, after) = rest
                    .as_str()
                    .split_once('}')
                    .ok_or(TemplateError::Brace('{'))?;
                pieces.push(Piece::Value(Attribute::new(name)?));
                values += 1;
                if values > MOST_VALUES {
                    return Err(TemplateError::Values);
                }
                rest = after.chars();
            }
            '}' => return Err(TemplateError::Brace('}')),
            _ if character == separator => {
                flush(&mut plain, &mut pieces);
                parts.push(std::mem::take(&mut pieces));
            }
            _ => plain.push(character),
        }
    }
    flush(&mut plain, &mut pieces);
    parts.push(pieces);
    Ok(parts)
}

fn flush(plain: &mut String, pieces: &mut Vec<Piece>) {
    if !plain.is_empty() {
        pieces.push(Piece::Text(std::mem::take(plain).into()));
    }
}

/// Whether a segment can be legal once values stand in it: the same rules as for a SPIFFE ID.
fn legal_segment(pieces: &[Piece]) -> Result<(), TemplateError> {
    match pieces {
        [] => return Err(IdError::EmptySegment.into()),
        [Piece::Text(text)] if matches!(&**text, "." | "..") => {
            return Err(IdError::DotSegment.into());
        }
        _ => {}
    }
    let foreign = |c: &char| !is_segment_character(*c);
    let texts = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Value(_) => None,
    });
    for text in texts {
        if let Some(character) = text.chars().find(foreign) {
            return Err(IdError::PathCharacter(character).into());
        }
    }
    Ok(())
}

fn segment_value<'v>(attribute: &Attribute, value: &'v str) -> Result<&'v str, FillError> {
    let legal = !matches!(value, "" | "." | "..") && value.chars().all(is_segment_character);
    legal_value(attribute, value, legal, "one segment of a SPIFFE ID's path")
}

fn label_value<'v>(attribute: &Attribute, value: &'v str) -> Result<&'v str, FillError> {
    let legal = !value.is_empty() && value.bytes().all(is_label_byte);
    legal_value(attribute, value, legal, "one label of a DNS name")
}

fn legal_value<'v>(
    attribute: &Attribute,
    value: &'v str,
    legal: bool,
    place: &str,
) -> Result<&'v str, FillError> {
    if legal {
        return Ok(value);
    }
    Err(FillError::Illegal {
        attribute: attribute.clone(),
        value: value.chars().take(80).collect(),
        place: place.to_owned(),
    })
}

fn is_segment_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
}

fn is_label_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= LONGEST_LABEL
        && label.bytes().all(is_label_byte)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

macro_rules! written {
    ($name:ident) => {
        impl $name {
            /// The template as written.
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TemplateError;

            fn try_from(text: String) -> Result<Self, TemplateError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(template: $name) -> Self {
                template.text.as_ref().to_owned()
            }
        }
    };
}

written!(IdTemplate);
written!(NameTemplate);
