//! One record of evidence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entries::{Condition, EntryName, Grant, Verdict, Withheld};
use crate::{Attributes, SpiffeId};

/// The version of the form of a record.
pub const EVIDENCE_VERSION: u32 = 1;

/// The longest reason that is kept, in bytes.
const LONGEST_REASON: usize = 2048;
/// The most audiences that are kept.
const MOST_AUDIENCES: usize = 64;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// An identity was given out.
    Issued,
    /// Somebody asked and got none.
    Refused,
    /// Records could not be kept; `lost` says how many.
    Lost,
}

/// The document that was issued, by what it can be found by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Document {
    /// An X.509 document.
    X509 {
        /// Its serial number in hexadecimal.
        serial: String,
        /// From when it is valid.
        not_before: Timestamp,
        /// Until when it is valid.
        not_after: Timestamp,
    },
    /// A token; never its text.
    Jwt {
        /// Its `jti`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        jti: Option<String>,
        /// Whom it is for.
        audiences: Vec<String>,
        /// Until when it is valid.
        expires: Timestamp,
    },
}

/// A condition of the entry, and what was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The condition.
    pub condition: Condition,
    /// What was known when it was asked.
    #[serde(rename = "answer")]
    pub verdict: Verdict,
}

/// The image that the caller runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its digest.
    pub digest: String,
    /// What is known of its signature; `None`: no entry asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Verdict>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Evidence {
    /// The version of this form.
    pub schema_version: u32,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// What was attested of the caller.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub caller: Attributes,
    /// The identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SpiffeId>,
    /// The entry that gave it, or that withheld it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryName>,
    /// Who answers for the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// The caller's images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// The entry's conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Held>,
    /// Why nothing was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many records were lost before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
}

impl Evidence {
    /// A document was issued on a grant.
    pub fn issued(at: Timestamp, caller: &Attributes, grant: &Grant, document: Document) -> Self {
        let held = |condition: &Condition| Held {
            condition: condition.clone(),
            verdict: Verdict::Holds,
        };
        let conditions: Vec<Held> = grant.entry.requires.iter().map(held).collect();
        Self {
            id: Some(grant.id.clone()),
            entry: Some(grant.entry.name.clone()),
            owner: Some(grant.entry.owner.clone()),
            document: Some(document.bounded()),
            images: images(caller, &conditions),
            conditions,
            ..Self::blank(at, Event::Issued, caller)
        }
    }

    /// An entry matched and gave nothing.
    pub fn withheld(
        at: Timestamp,
        caller: &Attributes,
        entry: &crate::entries::Entry,
        cause: &Withheld,
    ) -> Self {
        let conditions = match cause {
            Withheld::Condition { condition, verdict } => vec![Held {
                condition: condition.clone(),
                verdict: verdict.clone(),
            }],
            Withheld::Template { .. } | Withheld::Mint { .. } => Vec::new(),
        };
        Self {
            entry: Some(entry.name.clone()),
            owner: Some(entry.owner.clone()),
            images: images(caller, &conditions),
            conditions,
            reason: Some(shortened(&cause.to_string())),
            ..Self::blank(at, Event::Refused, caller)
        }
    }

    /// Somebody got nothing at all.
    pub fn refused(at: Timestamp, caller: &Attributes, reason: &str) -> Self {
        Self {
            images: images(caller, &[]),
            reason: Some(shortened(reason)),
            ..Self::blank(at, Event::Refused, caller)
        }
    }

    /// So many records could not be kept.
    pub fn lost(at: Timestamp, count: u64) -> Self {
        Self {
            lost: Some(count),
            ..Self::blank(at, Event::Lost, &Attributes::default())
        }
    }

    fn blank(at: Timestamp, event: Event, caller: &Attributes) -> Self {
        Self {
            schema_version: EVIDENCE_VERSION,
            at,
            event,
            caller: caller.clone(),
            id: None,
            entry: None,
            owner: None,
            document: None,
            images: Vec::new(),
            conditions: Vec::new(),
            reason: None,
            lost: None,
        }
    }
}

impl Document {
    /// Audiences come from the caller: only so many are kept, and each only so long.
    fn bounded(self) -> Self {
        match self {
            Self::Jwt {
                jti,
                mut audiences,
                expires,
            } => {
                audiences.truncate(MOST_AUDIENCES);
                for audience in &mut audiences {
                    *audience = shortened(audience);
                }
                Self::Jwt {
                    jti,
                    audiences,
                    expires,
                }
            }
            document @ Self::X509 { .. } => document,
        }
    }
}

/// The images that were attested, with what the entry's conditions say of their signature.
fn images(caller: &Attributes, conditions: &[Held]) -> Vec<Image> {
    let signature = conditions.iter().find_map(|held| match held.condition {
        Condition::ImageSigned { .. } => Some(held.verdict.clone()),
        Condition::NoDrift => None,
    });
    let digests = caller
        .iter()
        .filter(|(name, _)| name.as_str().ends_with(".image-digest"))
        .flat_map(|(_, values)| values);
    digests
        .map(|digest| Image {
            digest: digest.clone(),
            signature: signature.clone(),
        })
        .collect()
}

fn shortened(text: &str) -> String {
    let mut end = text.len().min(LONGEST_REASON);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
