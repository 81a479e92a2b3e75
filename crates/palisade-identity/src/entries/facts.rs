//! Facts that are supplied as a file: who signed which image, and whether anything drifted.
//!
//! A fact is about the callers that its match holds for, and may end. Of several facts about one
//! caller one that speaks against a condition outweighs those that speak for it.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use palisade_document::{Limits, SourceFile, Syntax, Value, parse};
use palisade_model::Diagnostic;

use super::condition::{Condition, Facts, Verdict};
use super::entry::any_value;
use super::pattern::Pattern;
use super::read::matches;
use crate::fields::Fields;
use crate::{Attribute, Attributes};

const LIMITS: Limits = Limits {
    max_bytes: 16 << 20,
    max_depth: 16,
    max_nodes: 1_000_000,
    max_alias_nodes: 10_000,
};
const FILE_KEYS: &[&str] = &["facts"];
const FACT_KEYS: &[&str] = &[
    "match",
    "image-signed-by",
    "image-signature",
    "drift",
    "reason",
    "until",
];
const SIGNER_KEYS: &[&str] = &["identity", "issuer"];

/// What is said.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Signed {
        identity: String,
        issuer: Option<String>,
    },
    Unsigned(String),
    NoDrift,
    Drift(String),
}

#[derive(Debug, Clone, PartialEq)]
struct Fact {
    matches: IndexMap<Attribute, Vec<Pattern>>,
    said: Said,
    until: Option<Timestamp>,
}

/// Supplied facts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FactsFile(Vec<Fact>);

impl FactsFile {
    /// Reads a file of facts, YAML or JSON.
    ///
    /// # Errors
    /// Everything that is wrong, each at its place.
    pub fn read(file: Arc<SourceFile>) -> Result<Self, Vec<Diagnostic>> {
        let (document, errors) = parse(Arc::clone(&file), Syntax::Yaml, &LIMITS);
        let mut fields = Fields::new(file);
        for error in errors {
            fields.wrong(error.span, &error.message, None);
        }
        let mut facts = Vec::new();
        for root in document.roots().filter(|root| !root.is_null()) {
            if !fields.mapping(root, "a file of facts", FILE_KEYS) {
                continue;
            }
            let list = root.get("facts").filter(|list| list.is_array());
            if list.is_none() {
                fields.wrong(root.span(), "`facts` is a list", None);
            }
            let items = list.into_iter().flat_map(Value::items);
            facts.extend(items.filter_map(|item| fact(&mut fields, item)));
        }
        if fields.diagnostics.is_empty() {
            Ok(Self(facts))
        } else {
            Err(fields.diagnostics)
        }
    }

    /// The facts as they hold at a moment.
    pub fn at(&self, now: Timestamp) -> FactsAt<'_> {
        FactsAt { facts: self, now }
    }
}

/// Facts at a moment; what has ended is not known any more.
#[derive(Debug, Clone, Copy)]
pub struct FactsAt<'f> {
    facts: &'f FactsFile,
    now: Timestamp,
}

impl Facts for FactsAt<'_> {
    fn verdict(&self, condition: &Condition, caller: &Attributes) -> Verdict {
        let about = self.facts.0.iter().filter(|fact| {
            fact.until.is_none_or(|until| self.now < until)
                && fact
                    .matches
                    .iter()
                    .all(|(name, patterns)| any_value(caller.get(name), patterns))
        });
        let mut verdict = Verdict::Unknown(match condition {
            Condition::ImageSigned { .. } => "no fact says who signed the image".to_owned(),
            Condition::NoDrift => "no fact says whether anything drifted".to_owned(),
        });
        for fact in about {
            match fact.said.about(condition) {
                Some(Verdict::Fails(reason)) => return Verdict::Fails(reason),
                Some(Verdict::Holds) => verdict = Verdict::Holds,
                Some(Verdict::Unknown(reason)) if !verdict.holds() => {
                    verdict = Verdict::Unknown(reason);
                }
                _ => {}
            }
        }
        verdict
    }
}

impl Said {
    /// What this says of a condition; `None`: it is about something else.
    fn about(&self, condition: &Condition) -> Option<Verdict> {
        match (self, condition) {
            (Self::Signed { identity, issuer }, Condition::ImageSigned { by, issuer: wanted }) => {
                let vouched = wanted.is_none() || wanted.as_deref() == issuer.as_deref();
                // An image can have several signers, so that another one is no evidence against.
                Some(if by.is(identity) && vouched {
                    Verdict::Holds
                } else {
                    Verdict::Unknown(format!("the image is signed by `{identity}`"))
                })
            }
            (Self::Unsigned(reason), Condition::ImageSigned { .. })
            | (Self::Drift(reason), Condition::NoDrift) => Some(Verdict::Fails(reason.clone())),
            (Self::NoDrift, Condition::NoDrift) => Some(Verdict::Holds),
            _ => None,
        }
    }
}

fn fact(fields: &mut Fields, value: Value<'_>) -> Option<Fact> {
    if !fields.mapping(value, "a fact", FACT_KEYS) {
        return None;
    }
    let matches = matches(fields, value)?;
    if matches.is_empty() {
        fields.wrong(value.span(), "this fact is about everybody", None);
        return None;
    }
    let until = match value.get("until") {
        Some(until) => Some(fields.parsed(until, "until", |text| {
            let help = "`until` is a moment such as `2027-01-31T00:00:00Z`";
            text.parse::<Timestamp>().map_err(|_| help)
        })?),
        None => None,
    };
    let said = said(fields, value)?;
    Some(Fact {
        matches,
        said,
        until,
    })
}

fn said(fields: &mut Fields, value: Value<'_>) -> Option<Said> {
    let reason = match value.get("reason") {
        Some(reason) => Some(fields.text(reason, "reason")?),
        None => None,
    };
    let reason = |otherwise: &str| reason.clone().unwrap_or_else(|| otherwise.to_owned());
    let keys = ["image-signed-by", "image-signature", "drift"];
    let mut given = keys.iter().filter_map(|key| Some((*key, value.get(key)?)));
    let (Some((key, found)), None) = (given.next(), given.next()) else {
        let message = "a fact says one thing: `image-signed-by`, `image-signature` or `drift`";
        fields.wrong(value.span(), message, None);
        return None;
    };
    if key == "image-signed-by" {
        if !fields.mapping(found, "a signer", SIGNER_KEYS) {
            return None;
        }
        let Some(identity) = found.get("identity") else {
            fields.wrong(found.span(), "`identity` is missing", None);
            return None;
        };
        let issuer = found.get("issuer");
        return Some(Said::Signed {
            identity: fields.text(identity, "identity")?,
            issuer: match issuer {
                Some(issuer) => Some(fields.text(issuer, "issuer")?),
                None => None,
            },
        });
    }
    let word = fields.text(found, key)?;
    match (key, word.as_str()) {
        ("drift", "none") => Some(Said::NoDrift),
        ("drift", "found") => Some(Said::Drift(reason("what runs differs from the code"))),
        ("image-signature", "none") => Some(Said::Unsigned(reason("the image is not signed"))),
        ("image-signature", "wrong") => {
            Some(Said::Unsigned(reason("the signature does not verify")))
        }
        _ => {
            let message = "write `drift: none`, `drift: found`, `image-signature: none` or `image-signature: wrong`";
            fields.wrong(found.span(), message, None);
            None
        }
    }
}
