//! What must hold beside the match before an entry gives an identity.
//!
//! Who knows the answers is outside: [`Facts`]. What nobody knows does not hold.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Attributes;

/// The longest condition, in bytes.
const LONGEST_CONDITION: usize = 1024;
const SIGNED_BY: &str = "image signed by ";
const ISSUED_BY: &str = " issued by ";
const NO_DRIFT: &str = "no drift";

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// Nobody knows such a condition.
    #[error(
        "`{0}` is not a condition: write `{NO_DRIFT}` or `image signed by <who>`, with ` issued by <issuer>` where the signature is keyless"
    )]
    Unknown(String),
    /// Too long.
    #[error("a condition has at most {LONGEST_CONDITION} bytes, this one has {0}")]
    Length(usize),
    /// The signer could be anybody.
    #[error(
        "`{0}` lets too many sign: write the signer in full, or end it with `/*` after a host and an owner, such as `https://github.com/acme/*`"
    )]
    Signer(String),
}

/// A condition of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Condition {
    /// The image that runs is signed by this signer.
    ImageSigned {
        /// Who signs.
        by: Signer,
        /// Who vouches for a keyless signer.
        issuer: Option<Arc<str>>,
    },
    /// What runs is what is declared.
    NoDrift,
}

/// A signer by its identity: in full, or all below a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signer(Arc<str>);

impl Signer {
    /// Reads a signer.
    ///
    /// # Errors
    /// A wildcard that does not end the text, or without a host and an owner before it.
    pub fn new(text: &str) -> Result<Self, ConditionError> {
        let error = || ConditionError::Signer(text.chars().take(80).collect());
        let fixed = text.strip_suffix("/*").unwrap_or(text);
        if fixed.is_empty() || fixed.contains(['*', ' ']) {
            return Err(error());
        }
        if fixed.len() != text.len() {
            let owner = fixed
                .split_once("://")
                .and_then(|(_, rest)| rest.split_once('/'));
            if !owner.is_some_and(|(host, owner)| !host.is_empty() && !owner.is_empty()) {
                return Err(error());
            }
        }
        Ok(Self(text.into()))
    }

    /// Whether somebody is this signer.
    pub fn is(&self, identity: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(path) => identity
                .strip_prefix(path)
                .is_some_and(|rest| !rest.is_empty() && !rest.split('/').any(|part| part == "..")),
            None => identity == &*self.0,
        }
    }

    /// The signer as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// Tells which conditions there are.
    pub fn new(text: &str) -> Result<Self, ConditionError> {
        if text.len() > LONGEST_CONDITION {
            return Err(ConditionError::Length(text.len()));
        }
        if text == NO_DRIFT {
            return Ok(Self::NoDrift);
        }
        let unknown = || ConditionError::Unknown(text.chars().take(80).collect());
        let rest = text.strip_prefix(SIGNED_BY).ok_or_else(unknown)?;
        let (signer, issuer) = match rest.split_once(ISSUED_BY) {
            Some((_, issuer)) if issuer.is_empty() || issuer.contains(['*', ' ']) => {
                return Err(unknown());
            }
            Some((signer, issuer)) => (signer, Some(issuer.into())),
            None => (rest, None),
        };
        Ok(Self::ImageSigned {
            by: Signer::new(signer)?,
            issuer,
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDrift => f.write_str(NO_DRIFT),
            Self::ImageSigned { by, issuer } => {
                write!(f, "{SIGNED_BY}{}", by.as_str())?;
                issuer
                    .as_ref()
                    .map_or(Ok(()), |issuer| write!(f, "{ISSUED_BY}{issuer}"))
            }
        }
    }
}

impl TryFrom<String> for Condition {
    type Error = ConditionError;

    fn try_from(text: String) -> Result<Self, ConditionError> {
        Self::new(&text)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.to_string()
    }
}

/// What is known about a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not hold, and why.
    Fails(String),
    /// Nobody can say, and why; counts as if it did not hold.
    Unknown(String),
}

impl Verdict {
    /// Whether the condition is known to hold.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds)
    }
}

/// Knows whether conditions hold for a caller.
pub trait Facts: Send + Sync {
    /// What is known about one condition.
    fn verdict(&self, condition: &Condition, caller: &Attributes) -> Verdict;
}

/// Nothing is known, so that no condition holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn verdict(&self, _: &Condition, _: &Attributes) -> Verdict {
        Verdict::Unknown("this issuer was given no facts to judge conditions by".to_owned())
    }
}
