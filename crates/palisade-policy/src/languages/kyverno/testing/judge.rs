//! Judges the resources of a test, as Kyverno's command line does.

use bumpalo::Bump;
use palisade_document::{Document, Syntax};

use crate::answer::{Answer, Change, Status};
use crate::context::Context;
use crate::datum::Datum;
use crate::input::{Operation, Supplied};
use crate::languages::kyverno::cel_policies::Kind as CelKind;
use crate::languages::kyverno::engine;
use crate::languages::kyverno::jmespath::read_text;
use crate::languages::kyverno::matching;
use crate::languages::kyverno::request::{Gvk, Request};
use crate::languages::kyverno::response::RuleKind;
use crate::languages::kyverno::scalars::build;
use crate::languages::kyverno::set::PolicySet;

use super::file::Test;
use super::files::{Files, global_entries, supplied};
use super::load;

/// What a rule said in a test.
#[derive(Debug, Clone)]
pub(super) struct Given<'a> {
    /// The policy.
    pub(super) policy: String,
    /// The rule; empty for a policy that is one rule.
    pub(super) rule: String,
    /// How it judged.
    pub(super) status: Status,
    /// Its message.
    pub(super) message: String,
    /// The resource as the policy leaves it.
    pub(super) patched: Option<Datum<'a>>,
    /// Another object, as changed.
    pub(super) target: Option<Datum<'a>>,
    /// What it makes; `None` if it is no generating rule.
    pub(super) generated: Option<Vec<Datum<'a>>>,
}

/// What was said about one resource.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    /// The resource.
    pub(super) resource: Datum<'a>,
    /// The file that it is the whole of, if it is a plain JSON document.
    pub(super) payload: Option<&'a str>,
    /// Whether it is the target of a change rather than what was asked about.
    pub(super) is_target: bool,
    /// The operation that was tried, where a row asks for one.
    pub(super) operation: &'a str,
    /// Answers.
    pub(super) given: Vec<Given<'a>>,
}

/// Judges the resources of a test.
#[derive(Debug)]
pub(super) struct Runner<'f> {
    arena: &'f Bump,
    /// The policies.
    pub(super) set: PolicySet,
    resources: Vec<Datum<'f>>,
    targets: Vec<Datum<'f>>,
    known: Vec<Datum<'f>>,
    values: Vec<Datum<'f>>,
    user: Datum<'f>,
    operations: Vec<&'f str>,
    supplied: Supplied<'f>,
    globals: Vec<(&'f str, Datum<'f>)>,
    payloads: Vec<&'f str>,
}

impl<'f> Runner<'f> {
    /// Compiles the policies and gathers what is known.
    pub(super) fn new(context: &Context<'f>, files: &'f Files, test: &Test<'f>) -> Self {
        let arena = context.arena;
        let mut set = PolicySet::of(files.policies.iter().flat_map(Document::roots), Vec::new());
        set.add_admission(files.policies.iter().flat_map(Document::roots));
        let resources = load::objects(arena, &files.resources);
        let targets = load::objects(arena, &files.targets);
        let mut known = resources.clone();
        known.extend(&targets);
        known.extend(load::objects(arena, &files.others));
        let mut values: Vec<Datum<'f>> = files
            .values
            .iter()
            .flat_map(Document::roots)
            .map(Datum::from)
            .collect();
        values.extend(test.root.get("values").map(Datum::from));
        let namespaces = values.iter().filter_map(|values| values.get("namespaces"));
        for namespace in namespaces.flat_map(Datum::items) {
            let named = build::with(arena, namespace, "apiVersion", Datum::Text("v1"));
            known.push(build::with(arena, named, "kind", Datum::Text("Namespace")));
        }
        let user = files.user.iter().flat_map(Document::roots).next();
        let mut operations: Vec<&'f str> = test.rows.iter().map(|row| row.operation).collect();
        operations.push("");
        operations.sort_unstable();
        operations.dedup();
        Self {
            arena,
            set,
            resources,
            targets,
            known,
            values,
            user: user.map_or(Datum::Null, Datum::from),
            operations,
            supplied: supplied(arena, files, test),
            globals: global_entries(context, files, test),
            payloads: [test.paths("jsonPayloads"), test.paths("jsonPayload")].concat(),
        }
    }

    /// What the policies say about each resource.
    pub(super) fn run(&self, context: &Context<'f>) -> Vec<Judged<'f>> {
        let mut judged = Vec::new();
        for resource in &self.resources {
            for operation in &self.operations {
                judged.push(Judged {
                    resource: *resource,
                    payload: self.payload(*resource),
                    is_target: false,
                    operation,
                    given: self.judge(context, *resource, operation),
                });
            }
        }
        let mut targets = Vec::new();
        for target in &self.targets {
            let changed = |given: &&Given<'f>| {
                given
                    .target
                    .is_some_and(|changed| load::key(changed) == load::key(*target))
            };
            let given = judged.iter().flat_map(|one| &one.given);
            let given: Vec<_> = given.filter(changed).cloned().collect();
            if !given.is_empty() {
                targets.push(Judged {
                    resource: *target,
                    payload: None,
                    is_target: true,
                    operation: "",
                    given,
                });
            }
        }
        judged.extend(targets);
        judged
    }

    fn judge(&self, context: &Context<'f>, resource: Datum<'f>, operation: &str) -> Vec<Given<'f>> {
        let mut given = Vec::new();
        let mut resource = resource;
        let kinds = [
            RuleKind::Mutation,
            RuleKind::ImageVerification,
            RuleKind::Validation,
            RuleKind::Generation,
        ];
        for kind in kinds {
            for policy in &self.set.policies {
                let request = self.request(&policy.name, resource, operation);
                let outcome = engine::run(context, &request, policy, kind, &self.set.exceptions);
                let patched = outcome.object.unwrap_or(resource);
                for judged in outcome.answers {
                    let response = judged.response;
                    let status = match response.status {
                        Status::Fail if !policy.scored => Status::Warn,
                        status => status,
                    };
                    given.push(Given {
                        policy: policy.name.clone(),
                        rule: judged.rule.name.clone(),
                        status,
                        message: response.message,
                        patched: (kind == RuleKind::Mutation).then_some(patched),
                        target: response.target,
                        generated: (kind == RuleKind::Generation).then_some(response.generated),
                    });
                }
                resource = patched;
            }
        }
        self.judge_cel(context, resource, operation, &mut given);
        given
    }

    /// The name of the file that a plain document is the whole of.
    fn payload(&self, resource: Datum<'f>) -> Option<&'f str> {
        if resource.get("kind").is_some() {
            return None;
        }
        let Datum::Document(value) = resource else {
            return None;
        };
        let path: &'f str = value.document().file().path();
        self.payloads
            .iter()
            .copied()
            .find(|payload| path.ends_with(payload.trim_start_matches("./")))
    }

    fn judge_cel(
        &self,
        context: &Context<'f>,
        resource: Datum<'f>,
        operation: &str,
        given: &mut Vec<Given<'f>>,
    ) {
        for policy in &self.set.admission {
            let request = self.request(policy.name(), resource, operation);
            let answers = policy.evaluate(context, &request, &self.set.bindings);
            let answers = answers.into_iter();
            given.extend(answers.map(|answer| Self::of_answer(context, answer)));
        }
        for policy in &self.set.cel {
            let is_plain = resource.get("kind").is_none();
            if policy.kind() == CelKind::Validating && policy.judges_json() != is_plain {
                continue;
            }
            let request = self.request(policy.name(), resource, operation);
            let answers = policy.evaluate(context, &request);
            given.extend(
                answers
                    .into_iter()
                    .map(|answer| Self::of_answer(context, answer)),
            );
            for target in &self.targets {
                let answers = policy.evaluate_target(context, &request, *target);
                for answer in answers {
                    let mut one = Self::of_answer(context, answer);
                    one.target = one.patched.take();
                    given.push(one);
                }
            }
        }
    }

    fn of_answer(context: &Context<'f>, answer: Answer) -> Given<'f> {
        let (mut patched, mut generated) = (None, None);
        for change in answer.changes {
            let (Change::Mutated(text) | Change::Generated(text)) = &change;
            let Ok(object) = read_text(context, text, Syntax::Json) else {
                continue;
            };
            match change {
                Change::Mutated(_) => patched = Some(object),
                Change::Generated(_) => generated.get_or_insert_with(Vec::new).push(object),
            }
        }
        Given {
            policy: answer.policy,
            rule: String::new(),
            status: answer.status,
            message: answer.message,
            patched,
            target: None,
            generated,
        }
    }

    /// The request that a policy sees for a resource.
    fn request(&self, policy: &str, resource: Datum<'f>, operation: &str) -> Request<'f> {
        let mut request = Request::create(resource);
        let name = build::text_at(resource, &["metadata", "name"]).unwrap_or("");
        let variables = self.variables(policy, name);
        let named = |wanted: &str| {
            let found = variables.iter().find(|(key, _)| *key == wanted);
            found.and_then(|(_, value)| value.as_text())
        };
        let operation = match operation {
            "" => named("request.operation").unwrap_or("CREATE"),
            operation => operation,
        };
        request.operation = matching::operation(operation).unwrap_or(Operation::Create);
        match request.operation {
            Operation::Update => request.old_object = Some(resource),
            Operation::Delete => request.old_object = request.object.take(),
            _ => {}
        }
        let mut variables = variables;
        variables.extend(&self.globals);
        request.variables = self.arena.alloc_slice_copy(&variables);
        request.supplied = self.supplied;
        request.rule_variables = self.arena.alloc_slice_copy(&self.rule_variables(policy));
        request.objects = self.arena.alloc_slice_copy(&self.known);
        // Upstream takes a namespace that a test does not declare as one without labels.
        let labels = self.namespace_labels(request.namespace);
        request.declared_labels = Some(labels.unwrap_or(Datum::Null));
        self.set_user(&mut request);
        self.set_parent(&mut request);
        request
    }

    fn set_user(&self, request: &mut Request<'f>) {
        let texts = |key: &str| {
            let list = self.user.get(key).into_iter().flat_map(Datum::items);
            let texts: Vec<&'f str> = list.filter_map(Datum::as_text).collect();
            &*self.arena.alloc_slice_copy(&texts)
        };
        request.user_info = self.user.get("userInfo").unwrap_or(Datum::Null);
        request.roles = texts("roles");
        request.cluster_roles = texts("clusterRoles");
    }

    /// Where the values file says that a kind is a subresource, the request is for its parent.
    fn set_parent(&self, request: &mut Request<'f>) {
        for one in self.listed("subresources") {
            let part = |of: &str, key: &str| build::text_at(one, &[of, key]).unwrap_or("");
            let gvk = |of: &str| -> [String; 3] {
                ["group", "version", "kind"].map(|key| part(of, key).to_owned())
            };
            let own = request.gvk;
            if gvk("subresource") == [own.group, own.version, own.kind] {
                let text = |key| build::text_at(one, &["parentResource", key]).unwrap_or("");
                request.gvk = Gvk {
                    group: text("group"),
                    version: text("version"),
                    kind: text("kind"),
                };
                let name = build::text_at(one, &["subresource", "name"]).unwrap_or("");
                request.subresource = name.rsplit('/').next().unwrap_or("");
            }
        }
    }

    fn listed(&self, key: &str) -> Vec<Datum<'f>> {
        let lists = self.values.iter().filter_map(|values| values.get(key));
        lists.flat_map(Datum::items).collect()
    }

    fn namespace_labels(&self, namespace: &str) -> Option<Datum<'f>> {
        let named = |one: &&Datum<'f>| {
            let name = one
                .get("name")
                .or_else(|| build::at(**one, &["metadata", "name"]));
            name.and_then(Datum::as_text) == Some(namespace)
        };
        let labels = |one: &Datum<'f>| {
            one.get("labels")
                .or_else(|| build::at(*one, &["metadata", "labels"]))
        };
        let mut known = self.listed("namespaces");
        known.extend(self.listed("namespaceSelector"));
        let known = known.iter().find(named).and_then(labels);
        known.or_else(|| {
            let mut objects = self.known.iter();
            let found =
                objects.find(|object| load::key(**object) == ["v1", "Namespace", "", namespace]);
            found.and_then(labels)
        })
    }

    /// Values for a policy on a resource, by dotted names.
    fn variables(&self, policy: &str, resource: &str) -> Vec<(&'f str, Datum<'f>)> {
        let mut found: Vec<(&'f str, Datum<'f>)> = Vec::new();
        let mut add = |values: Option<Datum<'f>>| {
            for (key, value) in values.into_iter().flat_map(Datum::entries) {
                found.retain(|(known, _)| *known != key);
                found.push((key, value));
            }
        };
        for values in &self.values {
            add(values.get("globalValues"));
        }
        let named =
            |one: &Datum<'f>, name: &str| one.get("name").and_then(Datum::as_text) == Some(name);
        for one in self.listed("policies") {
            let resources = one.get("resources").into_iter().flat_map(Datum::items);
            for one in resources.filter(|known| named(&one, policy) && named(known, resource)) {
                add(one.get("values"));
            }
        }
        found
    }

    fn rule_variables(&self, policy: &str) -> Vec<(&'f str, Datum<'f>)> {
        let policies = self.listed("policies").into_iter();
        let own = policies.filter(|one| one.get("name").and_then(Datum::as_text) == Some(policy));
        let rules = own.flat_map(|one| one.get("rules").into_iter().flat_map(Datum::items));
        let mut found = Vec::new();
        for rule in rules {
            let name = rule.get("name").and_then(Datum::as_text).unwrap_or("");
            found.extend(rule.get("values").map(|values| (name, values)));
            let firsts = rule
                .get("foreachValues")
                .into_iter()
                .flat_map(Datum::entries);
            let firsts = firsts.filter_map(|(key, list)| Some((key, list.item(0)?)));
            let firsts = build::map(self.arena, firsts.collect());
            if !firsts.is_empty() {
                found.push((name, firsts));
            }
        }
        found
    }
}
