//! Additions to one container written in every combination of layouts: nothing else changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::{SourceFile, Value};
use palisade_model::{AddedValue, Addition, Origin};

use super::additions::Additions;
use super::{edited, read};

/// How the text is written.
#[derive(Debug, Clone, Copy)]
struct Layout {
    step: usize,
    indented_lists: bool,
    newline: &'static str,
    comment: &'static str,
    /// What stands under `securityContext`.
    context: &'static str,
    context_last: bool,
}

/// Ways to write the block, `@` for the column of its keys and `>` for one step more.
const CONTEXTS: [&str; 9] = [
    "",
    "@securityContext:\n",
    "@securityContext: {}\n",
    "@securityContext: ~\n",
    "@securityContext: {runAsUser: 5}\n",
    "@securityContext: {capabilities: {add: [CHOWN]}, runAsUser: 5}\n",
    "@securityContext:\n>runAsUser: 5\n",
    "@securityContext:\n>capabilities:\n>>drop: [CHOWN]\n",
    "@securityContext: {\n>runAsUser: 5,\n>capabilities: {}\n@}\n",
];

fn layouts() -> Vec<Layout> {
    let mut all = Vec::new();
    for context in CONTEXTS {
        for bits in 0_u8..32 {
            let bit = |at: u8| bits >> at & 1 == 1;
            all.push(Layout {
                step: if bit(0) { 4 } else { 2 },
                indented_lists: bit(1),
                newline: if bit(2) { "\r\n" } else { "\n" },
                comment: if bit(3) { "  # why" } else { "" },
                context,
                context_last: bit(4),
            });
        }
    }
    all
}

fn text(layout: Layout) -> String {
    let spec = layout.step;
    let dash = spec
        + if layout.indented_lists {
            layout.step
        } else {
            0
        };
    let key = dash + 2;
    let pad = |columns: usize| " ".repeat(columns);
    let context = layout
        .context
        .replace(">>", &pad(key + 2 * layout.step))
        .replace('>', &pad(key + layout.step))
        .replace('@', &pad(key));
    let (before, after) = if layout.context_last {
        ("", context.as_str())
    } else {
        (context.as_str(), "")
    };
    let comment = layout.comment;
    let lines = format!(
        "spec:\n{}containers:\n{}- name: c{comment}\n{before}{}args:\n{}- |\n{}echo {{a: b}}\n\n{}image: i:1{comment}\n{after}{}other: x\n---\nspec: {{}}\n",
        pad(spec),
        pad(dash),
        pad(key),
        pad(key
            + if layout.indented_lists {
                layout.step
            } else {
                0
            }),
        pad(key + layout.step + 4),
        pad(key),
        pad(spec),
    );
    lines.replace('\n', layout.newline)
}

/// Every scalar by its path; empty collections and nothing by theirs.
fn flat(value: Value<'_>, path: &str, into: &mut BTreeMap<String, String>) {
    for (at, item) in value.items().enumerate() {
        flat(item, &format!("{path}/{at}"), into);
    }
    for entry in value.entries() {
        flat(entry.value, &format!("{path}/{}", entry.key), into);
    }
    if let Some(text) = value.to_text() {
        into.insert(path.to_owned(), text);
    }
}

fn scalars(text: &str) -> BTreeMap<String, String> {
    let (document, errors) = read(Arc::new(SourceFile::new("a.yaml", text)));
    assert_eq!(errors, [], "{text}");
    let mut found = BTreeMap::new();
    for (at, root) in document.roots().enumerate() {
        flat(root, &at.to_string(), &mut found);
    }
    found
}

#[test]
fn additions_change_nothing_else_in_any_layout() {
    let additions: [(&[&'static str], AddedValue); 3] = [
        (
            &["securityContext", "allowPrivilegeEscalation"],
            AddedValue::Bool(false),
        ),
        (
            &["securityContext", "capabilities", "drop"],
            AddedValue::Words(&["ALL"]),
        ),
        (
            &["securityContext", "seccompProfile", "type"],
            AddedValue::Word("RuntimeDefault"),
        ),
    ];
    for layout in layouts() {
        let before = text(layout);
        let file = Arc::new(SourceFile::new("a.yaml", before.as_str()));
        let (document, _) = read(Arc::clone(&file));
        let root = document.roots().next().unwrap();
        let containers = root.at(&["spec", "containers"]).unwrap();
        let container = containers.items().next().unwrap();
        let mut plan = Additions::to(&document);
        for (path, value) in additions {
            let addition = Addition {
                mapping: Origin::new(&file, container.span()),
                path: path.to_vec(),
                value,
            };
            assert!(plan.spot(&addition).is_some(), "{layout:?}\n{before}");
            plan.take(&addition);
        }
        let after = edited(&file, &plan.patches()).unwrap();
        let mut expected = scalars(&before);
        let context = "0/spec/containers/0/securityContext";
        for (key, value) in [
            ("allowPrivilegeEscalation", "false"),
            ("capabilities/drop/0", "ALL"),
            ("seccompProfile/type", "RuntimeDefault"),
        ] {
            expected.insert(format!("{context}/{key}"), value.to_owned());
        }
        assert_eq!(scalars(&after), expected, "{layout:?}\n{before}\n{after}");
        let bare = after.replace("\r\n", "");
        assert!(layout.newline == "\n" || !bare.contains('\n'), "{after:?}");
    }
}
