//! The keys of an authority and where each stands in its life.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::spiffe::TrustDomain;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// X509-SVIDs, with a certificate on P-256.
    X509,
    /// JWT-SVIDs by ES256.
    Es256,
    /// JWT-SVIDs by RS256, for readers that take nothing else.
    Rs256,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X509 => "X.509",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        })
    }
}

/// Where a key stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Published, and signs nothing yet.
    Prepared,
    /// Signs.
    Active,
    /// Signs no more; what it signed is valid. Its private key is erased.
    Old,
    /// What it signed is to be replaced at once; still published.
    Tainted,
    /// No longer published: what it signed is invalid.
    Revoked,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepared => "prepared",
            Self::Active => "active",
            Self::Old => "old",
            Self::Tainted => "tainted",
            Self::Revoked => "revoked",
        })
    }
}

/// Bytes that are public, base64 in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Der(pub(crate) Vec<u8>);

impl Serialize for Der {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// A private key in PKCS#8; it is wiped when it is dropped and never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(STANDARD.encode(self.0.as_slice()));
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = STANDARD
            .decode(text.as_bytes())
            .map_err(|_| serde::de::Error::custom("a key is not base64"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

/// The public half of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Public {
    /// The certificate of the authority, what is sent along with a leaf, and what is published.
    X509 {
        certificate: Der,
        chain: Vec<Der>,
        roots: Vec<Der>,
    },
    /// The key as a JWK.
    Jwt(Map<String, Value>),
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) stage: Stage,
    /// When it was made and published.
    pub(crate) prepared: Timestamp,
    /// From when it can sign.
    pub(crate) not_before: Timestamp,
    /// When it ends.
    pub(crate) expires: Timestamp,
    /// When it is to be used although the active one is still young.
    pub(crate) forced: Option<Timestamp>,
    pub(crate) public: Public,
    pub(crate) key: Option<Secret>,
}

impl Record {
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.expires
    }

    pub(crate) fn is_published(&self) -> bool {
        self.stage != Stage::Revoked
    }
}

/// All keys of one trust domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) trust_domain: TrustDomain,
    /// Grows with every change; also the sequence number of the bundle.
    pub(crate) version: u64,
    pub(crate) records: Vec<Record>,
}

impl State {
    pub(crate) fn new(trust_domain: TrustDomain) -> Self {
        Self {
            trust_domain,
            version: 0,
            records: Vec::new(),
        }
    }

    pub(crate) fn in_stage(&self, kind: Kind, stage: Stage) -> Option<&Record> {
        let wanted = |record: &&Record| record.kind == kind && record.stage == stage;
        self.records.iter().find(wanted)
    }

    /// The key that signs, where there is one that is valid now.
    pub(crate) fn active(&self, kind: Kind, now: Timestamp) -> Option<&Record> {
        let record = self.in_stage(kind, Stage::Active)?;
        (record.is_valid(now) && record.key.is_some()).then_some(record)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.id == id)
    }

    /// Lets this key sign, and the one before sign no more.
    pub(crate) fn activate(&mut self, id: &str) {
        let kind = self.find_mut(id).map(|record| record.kind);
        for record in &mut self.records {
            if record.id == id {
                record.stage = Stage::Active;
                record.forced = None;
            } else if Some(record.kind) == kind && record.stage == Stage::Active {
                record.stage = Stage::Old;
                record.key = None;
            }
        }
    }
}
