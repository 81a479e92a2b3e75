//! One test file: what it loads, and the results that it expects.

use palisade_document::Value;
use palisade_model::Origin;

/// A test.
#[derive(Debug)]
pub(super) struct Test<'d> {
    /// The whole document.
    pub(super) root: Value<'d>,
    /// What is expected.
    pub(super) rows: Vec<Row<'d>>,
}

/// One expected result.
#[derive(Debug)]
pub(super) struct Row<'d> {
    /// The row.
    pub(super) root: Value<'d>,
    /// The policy, with its namespace before it if it has one.
    pub(super) policy: &'d str,
    /// The rule; empty for policies that are one rule.
    pub(super) rule: &'d str,
    /// The kind of the resources; empty for any.
    pub(super) kind: &'d str,
    /// `pass`, `fail`, `skip`, `warn` or `error`.
    pub(super) result: &'d str,
    /// The operation; empty for the usual one.
    pub(super) operation: &'d str,
    /// The resources, by name or by namespace and name; all if there are none.
    pub(super) resources: Vec<&'d str>,
}

impl<'d> Test<'d> {
    /// Reads a test; `None` for a document that is none.
    pub(super) fn read(root: Value<'d>) -> Option<Self> {
        let rows = root.get("results")?.items().map(Row::read).collect();
        Some(Self { root, rows })
    }

    /// Its name.
    pub(super) fn name(&self) -> &'d str {
        self.root
            .at(&["metadata", "name"])
            .or_else(|| self.root.get("name"))
            .and_then(Value::as_str)
            .unwrap_or("")
    }

    /// The texts under a key: one or a list.
    pub(super) fn paths(&self, key: &str) -> Vec<&'d str> {
        texts(self.root, key)
    }
}

impl<'d> Row<'d> {
    fn read(root: Value<'d>) -> Self {
        let text = |key| root.get(key).and_then(Value::as_str).unwrap_or("");
        let mut resources = texts(root, "resources");
        resources.extend(texts(root, "resource"));
        let specs = root.get("resourceSpecs").into_iter().flat_map(Value::items);
        resources.extend(specs.filter_map(|spec| spec.get("name")?.as_str()));
        let result = match text("result") {
            "" => text("status"),
            result => result,
        };
        Self {
            root,
            policy: text("policy"),
            rule: text("rule"),
            kind: text("kind"),
            result,
            operation: text("operation"),
            resources,
        }
    }

    /// Where it stands.
    pub(super) fn origin(&self) -> Origin {
        Origin::new(self.root.document().file(), self.root.span())
    }

    /// The texts under a key.
    pub(super) fn paths(&self, key: &str) -> Vec<&'d str> {
        texts(self.root, key)
    }

    /// Whether the row says that missing resources are a failure.
    pub(super) fn fails_on_missing(&self) -> bool {
        let flag = self.root.get("failOnMissingResources");
        flag.and_then(Value::as_bool).unwrap_or(false)
    }
}

fn texts<'d>(root: Value<'d>, key: &str) -> Vec<&'d str> {
    let Some(value) = root.get(key) else {
        return Vec::new();
    };
    match value.as_str() {
        Some(text) => vec![text],
        None => value.items().filter_map(Value::as_str).collect(),
    }
}
