//! Runs the policies of a test on its resources, as Kyverno's command line does.

use std::time::{Duration, Instant};

use bumpalo::Bump;
use palisade_document::{Document, Limits, Syntax, Value, parse};

use crate::answer::{Answer, Change, Status};
use crate::budget::{Budget, Exhausted, Meter};
use crate::context::{Context, Effects};
use crate::datum::Datum;
use crate::folder::Folder;
use crate::input::{Operation, Supplied};
use crate::language::Settings;
use crate::languages::kyverno::engine;
use crate::languages::kyverno::jmespath::{Expression, read_text};
use crate::languages::kyverno::matching;
use crate::languages::kyverno::request::{Gvk, Request};
use crate::languages::kyverno::response::RuleKind;
use crate::languages::kyverno::scalars::build;
use crate::languages::kyverno::set::PolicySet;
use crate::suite::{CaseResult, Verdict};

use super::file::Test;
use super::{check, load};

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

/// The results of one test file; a file can hold several tests.
pub(super) fn file(folder: &Folder, path: &str, settings: &Settings) -> Vec<CaseResult> {
    let source = match folder.read(path) {
        Ok(source) => source,
        Err(error) => return vec![CaseResult::new(path, Verdict::Error(error.to_string()))],
    };
    let (document, _) = parse(source, Syntax::Yaml, &Limits::default());
    let mut cases = Vec::new();
    for root in document.roots() {
        let Some(test) = Test::read(root) else {
            continue;
        };
        let started = Instant::now();
        let mut found = match one(folder, path, &test, settings) {
            Ok(found) => found,
            Err(reason) => unrun(&test, &reason),
        };
        let share = u32::try_from(found.len().max(1)).unwrap_or(u32::MAX);
        let each: Duration = started.elapsed() / share;
        for case in &mut found {
            case.duration = each;
        }
        cases.append(&mut found);
    }
    cases
}

/// One failed result per expected one, when a test cannot run.
fn unrun(test: &Test<'_>, reason: &str) -> Vec<CaseResult> {
    let mut cases = Vec::new();
    for row in &test.rows {
        let names = if row.resources.is_empty() {
            vec!["*"]
        } else {
            row.resources.clone()
        };
        for name in names {
            let name = format!("{} / {} / {name}", row.policy, row.rule);
            let mut case = CaseResult::new(name, Verdict::Error(reason.to_owned()));
            case.strict = Some(case.verdict.clone());
            case.origin = Some(row.origin());
            cases.push(case);
        }
    }
    cases
}

/// Files of a test, read.
struct Files {
    policies: Vec<Document>,
    resources: Vec<Document>,
    others: Vec<Document>,
    values: Vec<Document>,
    user: Vec<Document>,
    globals: Vec<Document>,
}

fn one(
    folder: &Folder,
    path: &str,
    test: &Test<'_>,
    settings: &Settings,
) -> Result<Vec<CaseResult>, String> {
    for payload in ["httpPayloads", "envoyPayloads"] {
        if !test.paths(payload).is_empty() {
            return Err(format!(
                "`{payload}` are requests of a proxy, which are not read here"
            ));
        }
    }
    let read = |paths: &[&str]| load::documents(folder, path, paths);
    let mut policies = read(&test.paths("policies"))?;
    policies.extend(read(&test.paths("exceptions"))?);
    let mut resources = read(&test.paths("resources"))?;
    resources.extend(read(&test.paths("jsonPayloads"))?);
    resources.extend(read(&test.paths("jsonPayload"))?);
    let mut others = read(&test.paths("targetResources"))?;
    others.extend(read(&test.paths("paramResources"))?);
    for row in &test.rows {
        others.extend(read(&row.paths("cloneSourceResource")).unwrap_or_default());
    }
    let single = |found: Option<&str>| match found {
        Some(found) => read(&[found]),
        None => Ok(Vec::new()),
    };
    let values = single(test.path(&["variables"]))?;
    let user = single(test.path(&["userinfo", "userInfo"]))?;
    let mut globals = Vec::new();
    for entry in test
        .root
        .get("globalContextEntries")
        .into_iter()
        .flat_map(Value::items)
    {
        let listed = entry
            .get("resourceFiles")
            .into_iter()
            .flat_map(Value::items);
        let listed: Vec<_> = listed.filter_map(Value::as_str).collect();
        globals.extend(read(&listed)?);
    }
    let cluster = read(&test.paths("clusterResources"))?;
    others.extend(cluster);
    others.extend(single(test.path(&["context"]))?);
    let files = Files {
        policies,
        resources,
        others,
        values,
        user,
        globals,
    };
    let arena = Bump::new();
    let target_count = read(&test.paths("targetResources"))?.len();
    let mut runner = Runner::new(&arena, &files, test, target_count);
    let now_ns = settings
        .parameters
        .get("now_ns")
        .and_then(|now| now.parse().ok());
    let random = || 0x9e37_79b9_7f4a_7c15;
    let effects = Effects {
        now_ns: now_ns.or(Some(DEFAULT_NOW_NS)),
        random: Some(&random),
        ..Effects::default()
    };
    let context = Context::new(&arena, Meter::start(budget()), effects);
    runner.globals = global_entries(&context, &files, test);
    let judged = runner.run(&context).map_err(|error| error.to_string())?;
    Ok(check::rows(&check::Checker {
        folder,
        path,
        test,
        arena: &arena,
        set: &runner.set,
        judged: &judged,
    }))
}

/// The moment that tests run at if none is given: 2026-01-01T00:00:00Z, so that results do not
/// change from day to day.
const DEFAULT_NOW_NS: i64 = 1_767_225_600_000_000_000;

/// Bounds on a whole test file, which holds up to a hundred resources.
fn budget() -> Budget {
    Budget {
        steps: 50_000_000,
        time: Duration::from_mins(1),
        ..Budget::default()
    }
}

struct Runner<'f> {
    arena: &'f Bump,
    set: PolicySet,
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
    fn new(arena: &'f Bump, files: &'f Files, test: &Test<'f>, target_count: usize) -> Self {
        let mut set = PolicySet::of(files.policies.iter().flat_map(Document::roots));
        set.add_admission(files.policies.iter().flat_map(Document::roots));
        let resources = load::objects(arena, &files.resources);
        let (targets, _) = files.others.split_at(target_count.min(files.others.len()));
        let targets = load::objects(arena, targets);
        let mut known = resources.clone();
        known.extend(load::objects(arena, &files.others));
        let mut values: Vec<Datum<'f>> = files
            .values
            .iter()
            .flat_map(Document::roots)
            .map(Datum::from)
            .collect();
        values.extend(test.root.get("values").map(Datum::from));
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
            globals: Vec::new(),
            payloads: [test.paths("jsonPayloads"), test.paths("jsonPayload")].concat(),
        }
    }

    fn run(&self, context: &Context<'f>) -> Result<Vec<Judged<'f>>, Exhausted> {
        let mut judged = Vec::new();
        for resource in &self.resources {
            for operation in &self.operations {
                judged.push(Judged {
                    resource: *resource,
                    payload: self.payload(*resource),
                    is_target: false,
                    operation,
                    given: self.judge(context, *resource, operation)?,
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
        Ok(judged)
    }

    fn judge(
        &self,
        context: &Context<'f>,
        resource: Datum<'f>,
        operation: &str,
    ) -> Result<Vec<Given<'f>>, Exhausted> {
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
                let outcome = engine::run(context, &request, policy, kind, &self.set.exceptions)?;
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
        Ok(given)
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
            given.extend(answers.map(|answer| self.of_answer(context, answer)));
        }
        for policy in &self.set.cel {
            let request = self.request(policy.name(), resource, operation);
            let answers = policy.evaluate(context, &request);
            given.extend(
                answers
                    .into_iter()
                    .map(|answer| self.of_answer(context, answer)),
            );
            for target in &self.targets {
                let answers = policy.evaluate_target(context, &request, *target);
                for answer in answers {
                    let mut one = self.of_answer(context, answer);
                    one.target = one.patched.take();
                    given.push(one);
                }
            }
        }
    }

    fn of_answer(&self, context: &Context<'f>, answer: Answer) -> Given<'f> {
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
        request.namespace_labels = self.namespace_labels(request.namespace);
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

    fn namespace_labels(&self, namespace: &str) -> Datum<'f> {
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
        known.unwrap_or_else(|| {
            let mut objects = self.known.iter();
            let found =
                objects.find(|object| load::key(**object) == ["v1", "Namespace", "", namespace]);
            found.and_then(labels).unwrap_or(Datum::Null)
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

/// Facts about images and answers of API calls that a test's files hold.
fn supplied<'f>(arena: &'f Bump, files: &'f Files, test: &Test<'f>) -> Supplied<'f> {
    let holders = files.others.iter().flat_map(Document::roots);
    let images = holders.filter_map(|root| root.at(&["spec", "images"]));
    let images: Vec<(&'f str, Value<'f>)> = images
        .flat_map(Value::items)
        .filter_map(|one| Some((one.get("image")?.as_str()?, one)))
        .collect();
    let calls = test.root.get("apiCallResponses").into_iter();
    let calls: Vec<(&'f str, Value<'f>)> = calls
        .flat_map(Value::items)
        .filter_map(|one| {
            let url = ["urlPath", "url"]
                .iter()
                .find_map(|key| one.get(key)?.as_str());
            let url = url.or_else(|| one.at(&["service", "url"])?.as_str())?;
            let response = one.get("response")?;
            let is_service = url.contains("://");
            Some((
                url,
                if is_service {
                    response
                } else {
                    response.get("body")?
                },
            ))
        })
        .collect();
    Supplied {
        images: arena.alloc_slice_copy(&images),
        api_calls: arena.alloc_slice_copy(&calls),
        ..Supplied::default()
    }
}

/// Entries of the global context that a test gives, with their projections.
fn global_entries<'f>(
    context: &Context<'f>,
    files: &'f Files,
    test: &Test<'f>,
) -> Vec<(&'f str, Datum<'f>)> {
    let entries = test.root.get("globalContextEntries").into_iter();
    entries
        .flat_map(Value::items)
        .filter_map(|one| {
            let name = one.get("name")?.as_str()?;
            let given = one.get("data").or_else(|| one.get("resources"));
            let data = given.map_or_else(
                || build::list(context.arena, load::objects(context.arena, &files.globals)),
                Datum::from,
            );
            let projections = one.get("projections").into_iter().flat_map(Value::items);
            let projected: Vec<(&'f str, Datum<'f>)> = projections
                .filter_map(|one| {
                    let path = one.get("path").or_else(|| one.get("jmesPath"))?.as_str()?;
                    let compiled = Expression::compile(path).ok()?;
                    let found = compiled.search(context, data).ok()?;
                    Some((one.get("name")?.as_str()?, found))
                })
                .collect();
            if projected.is_empty() {
                return Some((name, data));
            }
            Some((name, build::map(context.arena, projected)))
        })
        .collect()
}
