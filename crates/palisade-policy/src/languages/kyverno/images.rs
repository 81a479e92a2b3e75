//! Image references, and the images of a resource as rules see them.

use std::sync::Arc;

use bumpalo::Bump;

use crate::context::Context;
use crate::datum::Datum;

use super::jmespath::Expression;
use super::scalars::build;

/// A reference to an image, in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image<'t> {
    /// Registry, with its port; `docker.io` if none is written.
    pub(crate) registry: &'t str,
    /// Path below the registry.
    pub(crate) path: &'t str,
    /// Tag; `latest` if there is neither a tag nor a digest.
    pub(crate) tag: &'t str,
    /// Digest, with its algorithm; empty if there is none.
    pub(crate) digest: &'t str,
}

impl<'t> Image<'t> {
    /// Reads a reference.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (name, digest) = text.split_once('@').unwrap_or((text, ""));
        let is_digest = digest.is_empty()
            || digest.split_once(':').is_some_and(|(algorithm, hex)| {
                !algorithm.is_empty()
                    && hex.len() >= 32
                    && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (name, ""),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, rest))
                if first.contains(['.', ':'])
                    || first == "localhost"
                    || first.to_lowercase() != first =>
            {
                (first, rest)
            }
            _ => ("docker.io", name),
        };
        let is_path = !path.is_empty()
            && path.split('/').all(|part| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
            });
        let is_tag = tag.len() <= 128
            && tag
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        let ends_in_colon = name.len() < text.len() && tag.is_empty() && digest.is_empty();
        if !(is_digest && is_path && is_tag) || ends_in_colon {
            return None;
        }
        let tag = if tag.is_empty() && digest.is_empty() {
            "latest"
        } else {
            tag
        };
        Some(Self {
            registry,
            path,
            tag,
            digest,
        })
    }

    /// Last part of the path.
    pub(crate) fn name(&self) -> &'t str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The whole reference: by digest where there is one, else by tag.
    pub(crate) fn reference(&self) -> String {
        let (registry, path) = (self.registry, self.path);
        if self.digest.is_empty() {
            format!("{registry}/{path}:{}", self.tag)
        } else {
            format!("{registry}/{path}@{}", self.digest)
        }
    }

    /// The image as rules see it.
    pub(crate) fn as_datum<'a>(&self, arena: &'a Bump, pointer: &'a str) -> Datum<'a> {
        let text = |text: &str| build::text(arena, text);
        let mut entries = vec![
            ("registry", text(self.registry)),
            ("name", text(self.name())),
            ("path", text(self.path)),
        ];
        if !self.tag.is_empty() {
            entries.push(("tag", text(self.tag)));
        }
        if !self.digest.is_empty() {
            entries.push(("digest", text(self.digest)));
        }
        let with_tag = format!("{}/{}:{}", self.registry, self.path, self.tag);
        entries.push(("reference", text(&self.reference())));
        entries.push(("referenceWithTag", text(&with_tag)));
        entries.push(("jsonPointer", Datum::Text(pointer)));
        build::map(arena, entries)
    }
}

/// One image of a resource.
#[derive(Debug, Clone)]
pub(crate) struct Found<'a> {
    /// Its key in the group: the container's name, or its pointer.
    pub(crate) key: &'a str,
    /// Where the reference stands, such as `/spec/containers/0/image`.
    pub(crate) pointer: &'a str,
    /// The reference as it is written.
    pub(crate) written: Datum<'a>,
    /// The reference after a custom extractor changed it.
    pub(crate) reference: &'a str,
}

/// How images are found in kinds that are not pods.
#[derive(Debug, Clone)]
pub(crate) struct Extractor {
    /// Keys to go down; `*` is every item.
    pub(crate) fields: Vec<String>,
    /// Key of the reference in what is found.
    pub(crate) value: String,
    /// Key whose text names the image; empty for the pointer.
    pub(crate) key: String,
    /// Name of the group.
    pub(crate) name: String,
    /// JMESPath that is applied to the reference, where there is one.
    pub(crate) jmespath: Option<Arc<Expression>>,
}

/// The extractors for a kind that holds pods; nothing for other kinds.
pub(crate) fn standard_extractors(kind: &str) -> Vec<Extractor> {
    let base: &[&str] = match kind {
        "Pod" => &["spec"],
        "DaemonSet"
        | "Deployment"
        | "ReplicaSet"
        | "ReplicationController"
        | "StatefulSet"
        | "Job" => &["spec", "template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return Vec::new(),
    };
    let groups = ["initContainers", "containers", "ephemeralContainers"];
    groups
        .into_iter()
        .map(|group| Extractor {
            fields: base
                .iter()
                .chain([&group, &"*"])
                .map(|field| (*field).to_owned())
                .collect(),
            value: "image".to_owned(),
            key: "name".to_owned(),
            name: group.to_owned(),
            jmespath: None,
        })
        .collect()
}

/// What an extractor finds in a resource.
pub(crate) fn extract<'a>(
    context: &Context<'a>,
    resource: Datum<'a>,
    extractor: &Extractor,
) -> Vec<Found<'a>> {
    let arena = context.arena;
    let mut level = vec![(String::new(), resource)];
    for field in &extractor.fields {
        let mut next = Vec::new();
        for (pointer, value) in level {
            if field == "*" {
                let items = value.items().enumerate();
                next.extend(items.map(|(at, item)| (format!("{pointer}/{at}"), item)));
                let entries = value.entries();
                next.extend(entries.map(|(key, item)| (format!("{pointer}/{key}"), item)));
            } else if let Some(inner) = value.get(field) {
                next.push((format!("{pointer}/{field}"), inner));
            }
        }
        level = next;
    }
    level
        .into_iter()
        .filter_map(|(pointer, holder)| {
            let written = holder.get(&extractor.value)?;
            let mut reference = written.as_text().filter(|text| !text.trim().is_empty())?;
            if let Some(path) = &extractor.jmespath {
                let changed = path.search(context, written).ok().and_then(Datum::as_text);
                reference = changed.unwrap_or(reference);
            }
            let pointer = &*arena.alloc_str(&format!("{pointer}/{}", extractor.value));
            let key = match extractor.key.as_str() {
                "" => pointer,
                key => holder.get(key).and_then(Datum::as_text).unwrap_or(pointer),
            };
            Some(Found {
                key,
                pointer,
                written,
                reference,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, Meter};
    use crate::context::Effects;

    #[test]
    fn references_are_read_as_a_container_runtime_does() {
        let digest = "sha256:0123456789abcdef0123456789abcdef";
        for (text, whole) in [
            ("nginx", "docker.io/nginx:latest".to_owned()),
            ("a.io:5000/b/c:1.2", "a.io:5000/b/c:1.2".to_owned()),
            ("b/c", "docker.io/b/c:latest".to_owned()),
            (
                &format!("ghcr.io/b/c:1@{digest}"),
                format!("ghcr.io/b/c@{digest}"),
            ),
        ] {
            assert_eq!(Image::parse(text).unwrap().reference(), whole);
        }
        for text in [
            "",
            "nginx:",
            "a b",
            "nginx@sha256:1",
            "ghcr.io/",
            "Nginx/x:tag!",
        ] {
            assert_eq!(Image::parse(text), None, "{text}");
        }
    }

    #[test]
    fn images_are_found_with_their_pointers() {
        let arena = Bump::new();
        let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
        let container = [("name", Datum::Text("c")), ("image", Datum::Text("nginx"))];
        let containers = [Datum::Map(&container)];
        let spec = [("containers", Datum::List(&containers))];
        let pod = [("spec", Datum::Map(&spec))];
        let found: Vec<_> = standard_extractors("Pod")
            .iter()
            .flat_map(|extractor| extract(&context, Datum::Map(&pod), extractor))
            .map(|found| (found.key, found.pointer))
            .collect();
        assert_eq!(found, [("c", "/spec/containers/0/image")]);
    }
}
