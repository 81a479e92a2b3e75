//! What expressions see while a rule is evaluated: the request, the element of a loop, images,
//! and the rule's own context, which is looked up when something reads it.

use std::cell::{Cell, RefCell};

use crate::context::Context;
use crate::datum::Datum;
use crate::input::Operation;
use indexmap::IndexMap;

use super::facts::{self, Entry};
use super::images;
use super::jmespath::{Expression, SearchError};
use super::request::Request;
use super::scalars::build;

/// Most entries of a context that read each other in a row.
const MAX_LOADS: usize = 32;

/// What is visible.
#[derive(Debug)]
pub(crate) struct Scope<'x, 'a> {
    /// Arena, meter, effects.
    pub(crate) context: &'x Context<'a>,
    /// The request.
    pub(crate) request: &'x Request<'a>,
    root: Cell<Datum<'a>>,
    /// Entries that nothing has read yet, each with its place in the order of all.
    waiting: RefCell<Vec<(usize, &'x Entry)>>,
    /// An entry sees those before it only.
    before: Cell<usize>,
    /// How many entries are being looked up, each for the one before.
    depth: Cell<usize>,
    added: Cell<usize>,
}

/// What was visible at one moment.
#[derive(Debug)]
pub(crate) struct Saved<'x, 'a> {
    root: Datum<'a>,
    waiting: Vec<(usize, &'x Entry)>,
}

impl<'x, 'a> Scope<'x, 'a> {
    /// The scope of a request, before any rule.
    pub(crate) fn new(context: &'x Context<'a>, request: &'x Request<'a>) -> Self {
        let scope = Self {
            context,
            request,
            root: Cell::new(build::map(context.arena, Vec::new())),
            waiting: RefCell::default(),
            before: Cell::new(usize::MAX),
            depth: Cell::new(0),
            added: Cell::new(0),
        };
        scope.set("request", scope.describe_request());
        scope.set_service_account();
        for (name, value) in request.variables {
            scope.lay_over(name, *value);
        }
        if request.operation == Operation::Delete {
            scope.alias_deleted();
        }
        scope.set_images();
        scope
    }

    /// The value of an expression.
    pub(crate) fn query(&self, expression: &Expression) -> Result<Datum<'a>, SearchError> {
        self.context.charge(1)?;
        loop {
            let next = {
                let mut waiting = self.waiting.borrow_mut();
                let at = waiting.iter().position(|(order, entry)| {
                    *order < self.before.get() && expression.reads(&entry.name)
                });
                at.map(|at| waiting.remove(at))
            };
            let Some((order, entry)) = next else {
                break;
            };
            if self.depth.get() >= MAX_LOADS {
                let name = &entry.name;
                let message = format!(
                    "context entry `{name}` is read through more than {MAX_LOADS} other entries"
                );
                return Err(SearchError::Failed(message));
            }
            let before = self.before.replace(order);
            self.depth.set(self.depth.get() + 1);
            let loaded = facts::load(entry, self);
            self.depth.set(self.depth.get() - 1);
            self.before.set(before);
            if let Some(value) = loaded? {
                self.set(self.context.arena.alloc_str(&entry.name), value);
            }
        }
        expression.search(self.context, self.root.get())
    }

    /// Makes entries of a rule's context visible; they are looked up when they are read.
    pub(crate) fn add_entries(&self, entries: &'x [Entry]) {
        let first = self.added.get();
        self.added.set(first + entries.len());
        self.waiting.borrow_mut().extend((first..).zip(entries));
    }

    /// Whether a name is visible.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.root.get().get(name).is_some()
    }

    /// The visible value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<Datum<'a>> {
        self.root.get().get(name)
    }

    /// Sets a name.
    pub(crate) fn set(&self, name: &'a str, value: Datum<'a>) {
        let root = build::with(self.context.arena, self.root.get(), name, value);
        self.root.set(root);
    }

    /// Makes an element of a loop visible.
    pub(crate) fn set_element(&self, element: Datum<'a>, index: usize, nesting: usize) {
        let index = Datum::Int(i64::try_from(index).unwrap_or(i64::MAX));
        let arena = self.context.arena;
        self.set("element", element);
        self.set("elementIndex", index);
        self.set(arena.alloc_str(&format!("element{nesting}")), element);
        self.set(arena.alloc_str(&format!("elementIndex{nesting}")), index);
    }

    /// Sets the object of the request, after a rule changed it.
    pub(crate) fn set_object(&self, object: Datum<'a>) {
        let arena = self.context.arena;
        let request = build::with_at(arena, self.root.get(), &["request", "object"], object);
        self.root.set(request);
    }

    /// The object of the request as it is now.
    pub(crate) fn object(&self) -> Option<Datum<'a>> {
        build::at(self.root.get(), &["request", "object"]).filter(|object| object.is_map())
    }

    /// The old object of the request as it is now.
    pub(crate) fn old_object(&self) -> Option<Datum<'a>> {
        build::at(self.root.get(), &["request", "oldObject"]).filter(|object| object.is_map())
    }

    /// Lays a value over what a dotted name holds; parts in quotes may hold dots.
    pub(crate) fn lay_over(&self, name: &str, value: Datum<'a>) {
        let arena = self.context.arena;
        let path = dotted(name);
        let value = path.iter().rev().fold(value, |inner, part| {
            build::map(arena, vec![(&*arena.alloc_str(part), inner)])
        });
        self.root.set(build::merge(arena, self.root.get(), value));
    }

    /// Remembers what is visible.
    pub(crate) fn save(&self) -> Saved<'x, 'a> {
        Saved {
            root: self.root.get(),
            waiting: self.waiting.borrow().clone(),
        }
    }

    /// Goes back to what was visible.
    pub(crate) fn restore(&self, saved: &Saved<'x, 'a>) {
        self.root.set(saved.root);
        self.waiting.borrow_mut().clone_from(&saved.waiting);
    }

    fn describe_request(&self) -> Datum<'a> {
        let (arena, request) = (self.context.arena, self.request);
        let kind = build::map(
            arena,
            vec![
                ("group", Datum::Text(request.gvk.group)),
                ("version", Datum::Text(request.gvk.version)),
                ("kind", Datum::Text(request.gvk.kind)),
            ],
        );
        let texts = |texts: &[&'a str]| {
            build::list(arena, texts.iter().map(|text| Datum::Text(text)).collect())
        };
        let mut entries = vec![
            ("operation", Datum::Text(request.operation.word())),
            ("object", request.object.unwrap_or(Datum::Null)),
            ("oldObject", request.old_object.unwrap_or(Datum::Null)),
            ("name", Datum::Text(request.name)),
            ("namespace", Datum::Text(request.namespace)),
            ("kind", kind),
            ("subResource", Datum::Text(request.subresource)),
            ("dryRun", Datum::Bool(request.dry_run)),
            ("roles", texts(request.roles)),
            ("clusterRoles", texts(request.cluster_roles)),
        ];
        if !build::is_null(request.user_info) {
            entries.push(("userInfo", request.user_info));
        }
        let described = build::map(arena, entries);
        match request.review {
            Some(review) => build::merge(arena, described, review),
            None => described,
        }
    }

    /// `serviceAccountName` and `serviceAccountNamespace`, read from the user's name.
    fn set_service_account(&self) {
        let user = self.request.user_info.get("username");
        let name = user.and_then(Datum::as_text).unwrap_or("");
        if name.is_empty() {
            return;
        }
        let account = name.strip_prefix("system:serviceaccount:").unwrap_or("");
        let (namespace, name) = account.split_once(':').unwrap_or(("", ""));
        self.set("serviceAccountName", Datum::Text(name));
        self.set("serviceAccountNamespace", Datum::Text(namespace));
    }

    /// In a `DELETE` rules that read the object read the one that goes.
    fn alias_deleted(&self) {
        if let Some(old) = self.old_object() {
            self.set_object(old);
        }
    }

    fn set_images(&self) {
        let subject = self.object().or_else(|| self.old_object());
        if let Some(subject) = subject {
            self.show_images(subject, &images::standard_extractors(self.request.gvk.kind));
        }
    }

    /// Makes the images that extractors find visible; an image that does not parse is left out.
    pub(crate) fn show_images(&self, subject: Datum<'a>, extractors: &[images::Extractor]) {
        let arena = self.context.arena;
        let mut groups = build::map(arena, Vec::new());
        for extractor in extractors {
            let mut group: IndexMap<&'a str, Datum<'a>> = IndexMap::new();
            for found in images::extract(self.context, subject, extractor) {
                if let Some(image) = images::Image::parse(found.reference) {
                    let image = image.as_datum(arena, found.pointer);
                    group.insert(found.key, image);
                }
            }
            let group = build::map(arena, group.into_iter().collect());
            if !group.is_empty() {
                groups = build::with(arena, groups, arena.alloc_str(&extractor.name), group);
            }
        }
        if !groups.is_empty() {
            let images = match self.get("images") {
                Some(known) => build::merge(arena, known, groups),
                None => groups,
            };
            self.set("images", images);
        }
    }
}

/// The parts of a dotted name.
fn dotted(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for one in name.chars() {
        match one {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            one => {
                if let Some(last) = parts.last_mut() {
                    last.push(one);
                }
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_dots_outside_of_quotes() {
        assert_eq!(dotted("a.b"), ["a", "b"]);
        assert_eq!(dotted(r#"a."b.c/d".e"#), ["a", "b.c/d", "e"]);
    }
}
