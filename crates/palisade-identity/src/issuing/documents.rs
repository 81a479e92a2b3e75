//! The documents of one caller.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Made, World};
use crate::authority::{is_rotation_due, rotate_at};
use crate::entries::Grant;
use crate::{Holdings, Refusal};

/// A document with the grant that it was made for.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) grant: Grant,
    pub(super) made: Made,
    /// Spreads the times at which documents are replaced.
    chance: u64,
}

impl Document {
    pub(super) fn new(grant: Grant, mut made: Made) -> Self {
        made.svid.hint.clone_from(&grant.entry.hint);
        let mut bytes = [0; 8];
        // Without random numbers all documents of one moment are replaced together.
        let chance = aws_lc_rs::rand::fill(&mut bytes).map_or(0, |()| u64::from_ne_bytes(bytes));
        Self {
            grant,
            made,
            chance,
        }
    }

    pub(super) fn rotates_at(&self) -> Timestamp {
        rotate_at(
            self.made.svid.not_before,
            self.made.svid.not_after,
            self.chance,
        )
    }

    /// Whether another has to be made.
    pub(super) fn is_due(&self, world: &World, now: Timestamp) -> bool {
        let (from, until) = (self.made.svid.not_before, self.made.svid.not_after);
        is_rotation_due(from, until, self.chance, now)
            || world.distrusted.contains(&*self.made.authority)
    }

    /// Whether it can still be used until another is there.
    pub(super) fn is_usable(&self, now: Timestamp) -> bool {
        now < self.made.svid.not_after
    }

    /// The same document under an entry that changed in what is not in it.
    pub(super) fn under(&self, grant: Grant) -> Self {
        Self {
            grant,
            made: self.made.clone(),
            chance: self.chance,
        }
    }

    /// Whether another grant asks for the same document.
    pub(super) fn suits(&self, grant: &Grant) -> bool {
        let (own, other) = (&self.grant, grant);
        own.id == other.id
            && own.dns_names == other.dns_names
            && own.entry.hint == other.entry.hint
            && own.entry.x509_lifetime == other.entry.x509_lifetime
    }
}

/// The first documents of a caller: all grants whose document could be made, and if that is none,
/// why.
pub(super) fn begin(
    grants: Vec<Grant>,
    made: Vec<Result<Made, Refusal>>,
) -> Result<Vec<Document>, Refusal> {
    let mut refused = None;
    let mut documents = Vec::with_capacity(grants.len());
    for (grant, made) in grants.into_iter().zip(made) {
        match made {
            Ok(made) => documents.push(Document::new(grant, made)),
            Err(refusal) => refused = Some(refusal),
        }
    }
    match refused {
        Some(refusal) if documents.is_empty() => Err(refusal),
        _ => Ok(documents),
    }
}

/// What a caller with these documents holds.
pub(super) fn holdings(documents: &[Document], world: &World) -> Holdings {
    let federates = documents
        .iter()
        .flat_map(|one| &one.grant.entry.federates_with);
    let federated = federates.filter_map(|name| {
        let bundle = world.federated.get(name)?;
        Some((name.clone(), Arc::clone(bundle)))
    });
    Holdings {
        svids: documents.iter().map(|one| one.made.svid.clone()).collect(),
        own: world.own.clone(),
        federated: federated.collect(),
    }
}
