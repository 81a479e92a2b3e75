//! Volumes of pods.

use palisade_document::Value;
use palisade_model::{Fact, ImageRef, ProjectedToken, Volume, VolumeSource};

use crate::object::Object;

/// The volumes of a pod spec.
pub(super) fn volumes<'d>(object: &Object<'d>, spec: Value<'d>) -> Vec<Volume> {
    let Some(list) = spec.get("volumes") else {
        return Vec::new();
    };
    list.items()
        .filter_map(|item| {
            let name = object.text_in(item, &["name"])?.value;
            Some(Volume {
                source: source(object, item, &name),
                name,
                origin: object.origin_of(item),
            })
        })
        .collect()
}

fn source<'d>(object: &Object<'d>, item: Value<'d>, name: &str) -> VolumeSource {
    let text = |path: &[&str]| {
        object
            .text_in(item, path)
            .map(|fact| fact.value)
            .unwrap_or_default()
    };
    let Some(entry) = item.entries().find(|entry| entry.key != "name") else {
        return VolumeSource::EmptyDir;
    };
    match entry.key {
        "hostPath" => VolumeSource::HostPath {
            path: text(&["hostPath", "path"]),
        },
        "secret" => VolumeSource::Secret {
            name: text(&["secret", "secretName"]),
        },
        "configMap" => VolumeSource::ConfigMap {
            name: text(&["configMap", "name"]),
        },
        "persistentVolumeClaim" => VolumeSource::Claim {
            name: text(&["persistentVolumeClaim", "claimName"]),
        },
        // Kubernetes names the claim after the pod and the volume; the pod's name is not known.
        "ephemeral" => VolumeSource::Claim {
            name: format!("{}-{name}", object.name),
        },
        "emptyDir" => VolumeSource::EmptyDir,
        "projected" => projected(object, entry.value),
        "csi" => VolumeSource::Csi {
            driver: text(&["csi", "driver"]),
        },
        "image" => image(object, entry.value).unwrap_or_else(|| VolumeSource::Other {
            field: entry.key.to_owned(),
        }),
        field => VolumeSource::Other {
            field: field.to_owned(),
        },
    }
}

fn image<'d>(object: &Object<'d>, value: Value<'d>) -> Option<VolumeSource> {
    let written = object.text_in(value, &["reference"])?;
    let image = ImageRef::parse(written.value.trim())?;
    let image = Fact::new(image, written.origin);
    Some(VolumeSource::Image { image })
}

fn projected<'d>(object: &Object<'d>, value: Value<'d>) -> VolumeSource {
    let sources: Vec<Value<'d>> = value
        .get("sources")
        .map_or_else(Vec::new, |list| list.items().collect());
    let tokens = sources
        .iter()
        .filter_map(|source| source.get("serviceAccountToken"))
        .map(|token| ProjectedToken {
            audience: object.text_in(token, &["audience"]).map(|fact| fact.value),
            expiration_seconds: object
                .number_in(token, &["expirationSeconds"])
                .map(|fact| fact.value),
            origin: object.origin_of(token),
        })
        .collect();
    let secrets = sources
        .iter()
        .filter_map(|source| object.text_in(*source, &["secret", "name"]))
        .map(|fact| fact.value)
        .collect();
    VolumeSource::Projected { tokens, secrets }
}
