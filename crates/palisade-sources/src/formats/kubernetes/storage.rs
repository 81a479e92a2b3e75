//! Claims, storage classes, and what says that they are backed up.

use palisade_document::Value;
use palisade_model::{Classification, Dataset, DatasetKind, Fact, NodeId, NodeKind};

use crate::facts::Facts;
use crate::object::Object;

/// The label that says how harmful it is when data leaks.
const CLASSIFICATION: &str = "palisade.dev/classification";

/// Reads a PersistentVolumeClaim.
pub(super) fn claim(object: &Object<'_>, facts: &mut Facts) {
    let dataset = dataset(object, object.value, &object.name, facts);
    facts.model.datasets.push(dataset);
}

/// A claim as a dataset; `part` is the claim, whole or a template of one.
pub(super) fn dataset<'d>(
    object: &Object<'d>,
    part: Value<'d>,
    name: &str,
    facts: &mut Facts,
) -> Dataset {
    let full_name = format!("{}/{name}", object.namespace());
    Dataset {
        id: NodeId::new(NodeKind::Dataset, &full_name),
        name: name.to_owned(),
        namespace: object.namespace().to_owned(),
        kind: DatasetKind::Volume,
        served_by: None,
        classification: classification(object, part, facts),
        encrypted: None,
        backed_up: None,
        storage_class: object.text_in(part, &["spec", "storageClassName"]),
        origin: object.origin_of(part),
        content: palisade_document::fingerprint(part).to_string(),
    }
}

/// The classification that a part's label or annotation gives; a word that is none is warned of.
fn classification<'d>(
    object: &Object<'d>,
    part: Value<'d>,
    facts: &mut Facts,
) -> Option<Fact<Classification>> {
    let written = ["labels", "annotations"]
        .iter()
        .find_map(|place| object.text_in(part, &["metadata", place, CLASSIFICATION]))?;
    let Some(class) = classification_of(&written.value) else {
        let message = format!(
            "`{}` is no classification: expected public, internal, confidential or restricted",
            written.value
        );
        facts.warn(written.origin, message);
        return None;
    };
    Some(Fact::new(class, written.origin))
}

/// A classification by its name, in any case.
pub(crate) fn classification_of(word: &str) -> Option<Classification> {
    match word.to_ascii_lowercase().as_str() {
        "public" => Some(Classification::Public),
        "internal" => Some(Classification::Internal),
        "confidential" => Some(Classification::Confidential),
        "restricted" => Some(Classification::Restricted),
        _ => None,
    }
}

/// Parameters of a storage class that hold a key: whoever names a key has the volumes encrypted.
const KEYS: &[&str] = &["kmsKeyId", "disk-encryption-kms-key", "diskEncryptionSetID"];

/// Reads a StorageClass.
pub(super) fn storage_class(object: &Object<'_>, facts: &mut Facts) {
    const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
    if object
        .own_annotations()
        .get(DEFAULT)
        .is_some_and(|said| said == "true")
    {
        let name = Fact::new(object.name.clone(), object.whole());
        facts.default_storage_class.get_or_insert(name);
    }
    let parameter = |key: &str| object.text(&["parameters", key]);
    let said = parameter("encrypted").map(|fact| {
        let on = fact.value.eq_ignore_ascii_case("true");
        Fact::new(on, fact.origin)
    });
    let keyed = KEYS
        .iter()
        .find_map(|key| parameter(key))
        .map(|fact| Fact::new(true, fact.origin));
    if let Some(encrypted) = said.or(keyed) {
        facts.storage_classes.insert(object.name.clone(), encrypted);
    }
}

/// Reads a VolumeSnapshot.
pub(super) fn snapshot(object: &Object<'_>, facts: &mut Facts) {
    if let Some(claim) = object.text(&["spec", "source", "persistentVolumeClaimName"]) {
        let pair = (object.namespace().to_owned(), claim.value);
        facts.backups.push(Fact::new(pair, claim.origin));
    }
}

/// Reads a Velero Backup.
pub(super) fn backup(object: &Object<'_>, facts: &mut Facts) {
    backed_up(object, &["spec", "includedNamespaces"], facts);
}

/// Reads a Velero Schedule.
pub(super) fn backup_schedule(object: &Object<'_>, facts: &mut Facts) {
    backed_up(object, &["spec", "template", "includedNamespaces"], facts);
}

fn backed_up(object: &Object<'_>, path: &[&str], facts: &mut Facts) {
    let Some((_, spec)) = path.split_last() else {
        return;
    };
    let part = object.at(spec).unwrap_or(object.value);
    let names = object.texts_in(object.value, path);
    // Without a word every namespace is meant; which are left out is told under another key.
    if names.is_empty() && part.get("excludedNamespaces").is_none() {
        let all = ("*".to_owned(), String::new());
        facts.backups.push(Fact::new(all, object.whole()));
    }
    for name in names {
        let pair = (name.value, String::new());
        facts.backups.push(Fact::new(pair, name.origin));
    }
}
