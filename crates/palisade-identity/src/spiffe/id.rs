//! SPIFFE-ID: `spiffe://<trust domain>/<path>`.
//!
//! Source: SPIFFE-ID standard, sections 2, 2.1, 2.2 and 2.3.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest id that is taken, in bytes (section 2.3).
pub(crate) const LONGEST_ID: usize = 2048;
/// The longest name of a trust domain, in bytes (section 2.3).
const LONGEST_TRUST_DOMAIN: usize = 255;
const SCHEME: &str = "spiffe://";

/// Why a text is not a SPIFFE ID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not begin with the scheme.
    #[error("a SPIFFE ID begins with `spiffe://`")]
    Scheme,
    /// Nothing stands where the trust domain belongs.
    #[error("the trust domain is missing")]
    NoTrustDomain,
    /// A character that a trust domain must not hold.
    #[error("a trust domain holds only a-z, 0-9, `.`, `-` and `_`, not {0:?}")]
    TrustDomainCharacter(char),
    /// The trust domain is too long.
    #[error("a trust domain has at most {LONGEST_TRUST_DOMAIN} bytes, this one has {0}")]
    TrustDomainLength(usize),
    /// The id is too long.
    #[error("a SPIFFE ID has at most {LONGEST_ID} bytes, this one has {0}")]
    Length(usize),
    /// A character that a path must not hold.
    #[error("a path holds only letters, digits, `.`, `-` and `_` between its slashes, not {0:?}")]
    PathCharacter(char),
    /// Two slashes in a row, or one at the end.
    #[error("a path has no empty segment and no slash at its end")]
    EmptySegment,
    /// A segment of dots.
    #[error("a path has no segment `.` or `..`")]
    DotSegment,
    /// A path does not begin with a slash.
    #[error("a path begins with a slash")]
    NoSlash,
}

/// The name of a trust domain, without the scheme.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrustDomain(Arc<str>);

impl TrustDomain {
    /// Reads a bare name such as `example.org`.
    ///
    /// # Errors
    /// Tells what the name must not hold.
    pub fn new(name: &str) -> Result<Self, IdError> {
        if name.is_empty() {
            return Err(IdError::NoTrustDomain);
        }
        if name.len() > LONGEST_TRUST_DOMAIN {
            return Err(IdError::TrustDomainLength(name.len()));
        }
        let foreign = |c: &char| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '-' | '_');
        match name.chars().find(foreign) {
            Some(character) => Err(IdError::TrustDomainCharacter(character)),
            None => Ok(Self(name.into())),
        }
    }

    /// The bare name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The id of the trust domain itself: no path.
    pub fn id(&self) -> SpiffeId {
        SpiffeId {
            text: format!("{SCHEME}{}", self.0).into(),
            trust_domain: self.0.len(),
        }
    }

    /// The id with this path, which is empty or begins with a slash.
    ///
    /// # Errors
    /// Tells what the path must not hold.
    pub fn with_path(&self, path: &str) -> Result<SpiffeId, IdError> {
        if !path.is_empty() && !path.starts_with('/') {
            return Err(IdError::NoSlash);
        }
        format!("{SCHEME}{}{path}", self.0).parse()
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TrustDomain {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl TryFrom<String> for TrustDomain {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(&text)
    }
}

impl From<TrustDomain> for String {
    fn from(name: TrustDomain) -> Self {
        name.0.as_ref().to_owned()
    }
}

/// An identity, checked and in its only spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpiffeId {
    text: Arc<str>,
    /// Bytes of the trust domain's name.
    trust_domain: usize,
}

impl SpiffeId {
    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The trust domain it belongs to.
    pub fn trust_domain(&self) -> TrustDomain {
        let rest = self.text.get(SCHEME.len()..).unwrap_or_default();
        TrustDomain(rest.get(..self.trust_domain).unwrap_or_default().into())
    }

    /// The path with its first slash; empty for the trust domain's own id.
    pub fn path(&self) -> &str {
        let start = SCHEME.len().saturating_add(self.trust_domain);
        self.text.get(start..).unwrap_or_default()
    }

    /// Whether the id is in this trust domain.
    pub fn is_in(&self, trust_domain: &TrustDomain) -> bool {
        let rest = self.text.get(SCHEME.len()..).unwrap_or_default();
        rest.get(..self.trust_domain) == Some(trust_domain.name())
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn segment(text: &str) -> Result<(), IdError> {
    match text {
        "" => Err(IdError::EmptySegment),
        "." | ".." => Err(IdError::DotSegment),
        _ => {
            let foreign = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
            match text.chars().find(foreign) {
                Some(character) => Err(IdError::PathCharacter(character)),
                None => Ok(()),
            }
        }
    }
}

impl FromStr for SpiffeId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() > LONGEST_ID {
            return Err(IdError::Length(text.len()));
        }
        let rest = text.strip_prefix(SCHEME).ok_or(IdError::Scheme)?;
        let (name, path) = match rest.split_once('/') {
            Some((name, path)) => (name, Some(path)),
            None => (rest, None),
        };
        let name = TrustDomain::new(name)?;
        if let Some(path) = path {
            path.split('/').try_for_each(segment)?;
        }
        Ok(Self {
            text: text.into(),
            trust_domain: name.0.len(),
        })
    }
}

impl TryFrom<String> for SpiffeId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<SpiffeId> for String {
    fn from(id: SpiffeId) -> Self {
        id.text.as_ref().to_owned()
    }
}
