//! One Kubernetes object with its place, and short ways to read facts out of it.

use std::sync::Arc;

use palisade_document::{FileRef, SourceFile, Span, Value, fingerprint};
use palisade_model::{
    Control, ControlKind, Fact, Labels, NodeId, NodeKind, Operator, Origin, Requirement, Selector,
};

use crate::facts::Facts;
use crate::rendering::Places;

/// One Kubernetes object.
pub(crate) struct Object<'d> {
    /// The whole object.
    pub(crate) value: Value<'d>,
    /// The text it stands in.
    pub(crate) file: Arc<SourceFile>,
    /// API group; empty for the core group.
    pub(crate) group: String,
    /// Kind.
    pub(crate) kind: String,
    /// Name, or `generateName` as written; empty only for kinds that have none.
    pub(crate) name: String,
    /// Namespace as written.
    pub(crate) namespace: Option<String>,
    /// Overlays and charts that it was rendered from; empty for a plain manifest.
    pub(crate) variants: Vec<String>,
    /// The source that it was rendered from.
    pub(crate) rendered_from: Option<FileRef>,
    /// How places in its text become places in files.
    pub(crate) anchor: Anchor,
}

/// How places in the text of an object become places in files.
pub(crate) enum Anchor {
    /// The text is a file.
    Own,
    /// The text was rendered, and one place stands for all.
    One(Origin),
    /// The text was rendered, and each value has a place.
    Values(Arc<Places>),
}

impl<'d> Object<'d> {
    /// A value of a file that holds no Kubernetes object, under this name.
    pub(crate) fn of_file(file: &Arc<SourceFile>, kind: &str, value: Value<'d>) -> Self {
        Self {
            value,
            file: Arc::clone(file),
            group: String::new(),
            kind: kind.to_owned(),
            name: file.path().to_string(),
            namespace: None,
            variants: Vec::new(),
            rendered_from: None,
            anchor: Anchor::Own,
        }
    }

    /// The namespace, `default` when not written.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    /// `namespace/name`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace(), self.name)
    }

    /// The place of a span.
    pub(crate) fn origin(&self, span: Span) -> Origin {
        let mut origin = match &self.anchor {
            Anchor::One(anchor) => Origin {
                near: true,
                ..anchor.clone()
            },
            Anchor::Own => Origin::new(&self.file, span),
            Anchor::Values(places) => {
                let found = places.origin(span);
                found.unwrap_or_else(|| Origin::new(&self.file, span))
            }
        };
        origin.rendered_from.clone_from(&self.rendered_from);
        origin
    }

    /// The place of a value.
    pub(crate) fn origin_of(&self, value: Value<'_>) -> Origin {
        self.origin(value.span())
    }

    /// The place that stands for the object: its name, which tells a reader most on one line.
    pub(crate) fn whole(&self) -> Origin {
        let name = self
            .at(&["metadata", "name"])
            .or_else(|| self.at(&["kind"]));
        self.origin_of(name.unwrap_or(self.value))
    }

    /// The place of `spec`, or of the whole object when it has none.
    pub(crate) fn spec_origin(&self) -> Origin {
        self.origin_of(self.at(&["spec"]).unwrap_or(self.value))
    }

    /// The value under a chain of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<Value<'d>> {
        self.value.at(path)
    }

    /// The items of the list under a chain of keys.
    pub(crate) fn items(&self, path: &[&str]) -> Vec<Value<'d>> {
        self.at(path)
            .map_or_else(Vec::new, |list| list.items().collect())
    }

    /// The scalar under a chain of keys, as text.
    pub(crate) fn text(&self, path: &[&str]) -> Option<Fact<String>> {
        self.text_in(self.value, path)
    }

    /// The boolean under a chain of keys.
    pub(crate) fn flag(&self, path: &[&str]) -> Option<Fact<bool>> {
        self.flag_in(self.value, path)
    }

    /// The whole number under a chain of keys.
    pub(crate) fn number(&self, path: &[&str]) -> Option<Fact<i64>> {
        self.number_in(self.value, path)
    }

    /// The scalar under a chain of keys of a part of this object, as text.
    pub(crate) fn text_in(&self, part: Value<'d>, path: &[&str]) -> Option<Fact<String>> {
        let value = part.at(path)?;
        Some(Fact::new(value.to_text()?, self.origin_of(value)))
    }

    /// The boolean under a chain of keys of a part of this object.
    pub(crate) fn flag_in(&self, part: Value<'d>, path: &[&str]) -> Option<Fact<bool>> {
        let value = part.at(path)?;
        Some(Fact::new(value.as_bool()?, self.origin_of(value)))
    }

    /// The whole number under a chain of keys of a part of this object.
    pub(crate) fn number_in(&self, part: Value<'d>, path: &[&str]) -> Option<Fact<i64>> {
        let value = part.at(path)?;
        Some(Fact::new(value.as_i64()?, self.origin_of(value)))
    }

    /// The scalars of a list of a part of this object, as texts.
    pub(crate) fn texts_in(&self, part: Value<'d>, path: &[&str]) -> Vec<Fact<String>> {
        let Some(list) = part.at(path) else {
            return Vec::new();
        };
        list.items()
            .filter_map(|item| Some(Fact::new(item.to_text()?, self.origin_of(item))))
            .collect()
    }

    /// The `name` of each item of a list of a part of this object.
    pub(crate) fn names_in(&self, part: Value<'d>, path: &[&str]) -> Vec<Fact<String>> {
        let items = part.at(path).into_iter().flat_map(Value::items);
        items
            .filter_map(|item| self.text_in(item, &["name"]))
            .filter(|name| !name.value.is_empty())
            .collect()
    }

    /// The mapping under a chain of keys as labels.
    pub(crate) fn labels(&self, path: &[&str]) -> Labels {
        self.at(path).map_or_else(Labels::new, labels)
    }

    /// Labels of the object.
    pub(crate) fn own_labels(&self) -> Labels {
        self.labels(&["metadata", "labels"])
    }

    /// Annotations of the object.
    pub(crate) fn own_annotations(&self) -> Labels {
        self.labels(&["metadata", "annotations"])
    }

    /// A label selector (`matchLabels` and `matchExpressions`); `None`, after a warning, when it
    /// cannot be understood, so that the caller can make it match nothing.
    pub(crate) fn selector(&self, value: Value<'d>, facts: &mut Facts) -> Option<Selector> {
        if !value.is_object() && !value.is_null() {
            facts.warn(self.origin_of(value), "a label selector must be a mapping");
            return None;
        }
        let mut requirements = Vec::new();
        if let Some(pairs) = value.get("matchLabels") {
            requirements.append(&mut Selector::from_labels(&labels(pairs)).requirements);
        }
        if let Some(list) = value.get("matchExpressions") {
            for item in list.items() {
                requirements.push(self.requirement(item, facts)?);
            }
        }
        Some(Selector::new(requirements))
    }

    fn requirement(&self, item: Value<'d>, facts: &mut Facts) -> Option<Requirement> {
        let key = item.get("key").and_then(Value::to_text).unwrap_or_default();
        let written = item
            .get("operator")
            .and_then(Value::to_text)
            .unwrap_or_default();
        let operator = match written.as_str() {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => {
                let message = format!(
                    "`{written}` is no operator of a label selector: expected In, NotIn, Exists or DoesNotExist"
                );
                facts.warn(self.origin_of(item), message);
                return None;
            }
        };
        let values: Vec<String> = self
            .texts_in(item, &["values"])
            .into_iter()
            .map(|fact| fact.value)
            .collect();
        let wants_values = matches!(operator, Operator::In | Operator::NotIn);
        if key.is_empty() || wants_values == values.is_empty() {
            let message = format!(
                "this label requirement is not complete: `{written}` needs a key and {} values",
                if wants_values { "some" } else { "no" }
            );
            facts.warn(self.origin_of(item), message);
            return None;
        }
        Some(Requirement {
            key,
            operator,
            values,
        })
    }

    /// A guard of a namespace, declared by this object.
    pub(crate) fn control(&self, kind: ControlKind) -> Control {
        self.guard(Some(self.namespace()), kind)
    }

    /// A guard of the whole cluster, declared by this object.
    pub(crate) fn cluster_control(&self, kind: ControlKind) -> Control {
        self.guard(None, kind)
    }

    fn guard(&self, namespace: Option<&str>, kind: ControlKind) -> Control {
        let full_name = match namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.kind, self.name),
            None => format!("{}/{}", self.kind, self.name),
        };
        Control {
            id: NodeId::new(NodeKind::Control, &full_name),
            kind_name: self.kind.clone(),
            name: self.name.clone(),
            namespace: namespace.map(str::to_owned),
            kind,
            labels: self.own_labels(),
            annotations: self.own_annotations(),
            variants: self.variants.clone(),
            active: true,
            origin: self.whole(),
            spec_origin: self.spec_origin(),
            content: self.content(),
        }
    }

    /// Digest of the object's content, in hexadecimal.
    pub(crate) fn content(&self) -> String {
        fingerprint(self.value).to_string()
    }
}

/// A mapping of scalars as labels; what is no scalar is left out.
pub(crate) fn labels(value: Value<'_>) -> Labels {
    value
        .entries()
        .filter_map(|entry| {
            let text = if entry.value.is_null() {
                String::new()
            } else {
                entry.value.to_text()?
            };
            Some((entry.key.to_owned(), text))
        })
        .collect()
}
