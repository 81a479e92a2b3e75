//! `validate`: patterns, conditions, loops, pod security, and CEL.

use bumpalo::Bump;

use crate::answer::Status;
use crate::budget::Exhausted;
use crate::datum::Datum;
use crate::input::Operation;

use super::cel_rule::CelRule;
use super::conditions::Conditions;
use super::exceptions::Exception;
use super::facts::Entry;
use super::jmespath::{Expression, SearchError};
use super::pattern::{self, Outcome};
use super::podsecurity::PodSecurity;
use super::policy::Rule;
use super::references;
use super::response::Response;
use super::scalars::build;
use super::scope::Scope;
use super::template::Template;

/// A `validate` block.
#[derive(Debug)]
pub(crate) struct Validate {
    message: Option<Box<str>>,
    allows_existing: bool,
    check: Check,
}

/// What is checked.
#[derive(Debug)]
enum Check {
    Deny(Conditions),
    Pattern(Template),
    AnyPattern(Vec<Template>),
    ForEach(Vec<ForEach>),
    PodSecurity(PodSecurity),
    Cel(Box<CelRule>),
    Unsupported(&'static str),
}

/// One loop.
#[derive(Debug)]
struct ForEach {
    list: Result<Expression, String>,
    scoped: Option<bool>,
    context: Vec<Entry>,
    preconditions: Option<Conditions>,
    check: Check,
}

impl Validate {
    /// Reads a `validate` block.
    pub(crate) fn read(arena: &Bump, rule: Datum<'_>, validate: Datum<'_>) -> Self {
        let message = validate.get("message").and_then(Datum::as_text);
        let allows = validate
            .get("allowExistingViolations")
            .and_then(Datum::as_bool);
        Self {
            message: message
                .filter(|message| !message.is_empty())
                .map(Into::into),
            allows_existing: allows.unwrap_or(true),
            check: Check::read(arena, validate, rule.get("celPreconditions")),
        }
    }

    /// Whether an update may leave a breach that was there before.
    pub(crate) fn allows_existing(&self) -> bool {
        self.allows_existing
    }

    /// The mistakes in its expressions.
    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        self.check.mistakes(found);
    }
}

impl Check {
    fn read(arena: &Bump, block: Datum<'_>, cel_preconditions: Option<Datum<'_>>) -> Self {
        let overlay = |value: Datum<'_>| {
            let value = build::copy(arena, value);
            Template::of(references::resolve(arena, value))
        };
        if let Some(deny) = block.get("deny") {
            let conditions = deny.get("conditions").map(Conditions::read);
            return Self::Deny(conditions.unwrap_or_default());
        }
        if let Some(pattern) = block.get("pattern") {
            return Self::Pattern(overlay(pattern));
        }
        if let Some(patterns) = block.get("anyPattern") {
            return Self::AnyPattern(patterns.items().map(overlay).collect());
        }
        if let Some(loops) = block.get("foreach") {
            let loops = loops.items().map(|one| ForEach::read(arena, one));
            return Self::ForEach(loops.collect());
        }
        if let Some(security) = block.get("podSecurity") {
            return Self::PodSecurity(PodSecurity::read(security));
        }
        if let Some(cel) = block.get("cel") {
            return Self::Cel(Box::new(CelRule::read(cel, cel_preconditions)));
        }
        if block.get("manifests").is_some() {
            return Self::Unsupported(
                "verifying signed manifests (`manifests`), which needs keys,",
            );
        }
        if block.get("assert").is_some() {
            return Self::Unsupported("a tree of assertions (`assert`)");
        }
        Self::Unsupported("a `validate` block without a known check")
    }

    fn mistakes(&self, found: &mut Vec<String>) {
        match self {
            Self::Deny(conditions) => conditions.mistakes(found),
            Self::Pattern(pattern) => pattern.mistakes(found),
            Self::AnyPattern(patterns) => patterns.iter().for_each(|one| one.mistakes(found)),
            Self::ForEach(loops) => {
                for one in loops {
                    found.extend(one.list.as_ref().err().cloned());
                    one.context.iter().for_each(|entry| entry.mistakes(found));
                    if let Some(preconditions) = &one.preconditions {
                        preconditions.mistakes(found);
                    }
                    one.check.mistakes(found);
                }
            }
            Self::PodSecurity(security) => security.mistakes(found),
            Self::Cel(cel) => cel.mistakes(found),
            Self::Unsupported(what) => found.push(format!("{what} is not supported")),
        }
    }
}

impl ForEach {
    fn read(arena: &Bump, value: Datum<'_>) -> Self {
        let list = value.get("list").and_then(Datum::as_text).unwrap_or("");
        Self {
            list: Expression::compile(list),
            scoped: value.get("elementScope").and_then(Datum::as_bool),
            context: Entry::read_all(value.get("context")),
            preconditions: value.get("preconditions").map(Conditions::read),
            check: Check::read(arena, value, None),
        }
    }
}

type Judged<'a> = Result<Option<Response<'a>>, Exhausted>;

/// What a rule is judged with.
struct Judge<'x, 'a> {
    scope: &'x Scope<'x, 'a>,
    rule: &'x Rule,
    validate: &'x Validate,
    exceptions: Vec<&'x Exception>,
}

/// Judges the request's resource; the rule's context and preconditions are done.
pub(crate) fn judge<'x, 'a>(
    scope: &'x Scope<'x, 'a>,
    rule: &'x Rule,
    validate: &'x Validate,
    exceptions: Vec<&'x Exception>,
) -> Judged<'a> {
    let judge = Judge {
        scope,
        rule,
        validate,
        exceptions,
    };
    judge.check(&validate.check, None, 0)
}

impl<'x, 'a> Judge<'x, 'a> {
    fn check(&self, check: &'x Check, element: Option<Datum<'a>>, nesting: usize) -> Judged<'a> {
        match check {
            Check::Deny(conditions) => self.deny(conditions, element).map(Some),
            Check::Pattern(pattern) => self.pattern(pattern, element),
            Check::AnyPattern(patterns) => self.any_pattern(patterns, element),
            Check::ForEach(loops) => self.for_each(loops, nesting),
            Check::PodSecurity(security) => {
                if self.scope.request.operation == Operation::Delete {
                    return Ok(None);
                }
                let judged = security.judge(self.scope, &self.rule.name, &self.exceptions);
                judged.map(Some)
            }
            Check::Cel(cel) => cel.judge(self.scope, &self.rule.name).map(Some),
            Check::Unsupported(what) => Ok(Some(Response::new(
                Status::Error,
                format!("{what} is not supported"),
            ))),
        }
    }

    fn deny(
        &self,
        conditions: &Conditions,
        element: Option<Datum<'a>>,
    ) -> Result<Response<'a>, Exhausted> {
        let name = &self.rule.name;
        let (denied, message) = match conditions.hold(self.scope) {
            Ok(held) => held,
            Err(error) => return Response::error("failed to check deny conditions", &error),
        };
        if !denied {
            let passed = format!("validation rule '{name}' passed.");
            return Ok(Response::new(Status::Pass, passed));
        }
        let parts = [self.validate.message.as_deref().unwrap_or(""), &message];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let written = if parts.is_empty() {
            format!("validation error: rule {name} failed")
        } else {
            match self.filled(&parts.join("; "))? {
                Some(written) => written,
                None => message,
            }
        };
        let value = element.or_else(|| self.scope.object());
        Ok(Response::new(Status::Fail, written).at("", value))
    }

    /// A message with its variables; `None` if they have no values.
    fn filled(&self, message: &str) -> Result<Option<String>, Exhausted> {
        match Template::of_text(message).fill_text(self.scope) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(SearchError::Exhausted(reason)) => Err(reason),
            Err(_) => Ok(None),
        }
    }

    /// The resource that patterns are laid on; nothing for one that goes.
    fn laid_on(&self, element: Option<Datum<'a>>) -> Option<Datum<'a>> {
        if let Some(element) = element.filter(|element| !element.is_empty()) {
            return Some(element);
        }
        if self.scope.request.operation == Operation::Delete {
            return None;
        }
        Some(self.scope.object().unwrap_or(Datum::Null))
    }

    fn pattern(&self, pattern: &Template, element: Option<Datum<'a>>) -> Judged<'a> {
        let pattern = match pattern.fill(self.scope) {
            Ok(pattern) => pattern,
            Err(error) => return Response::error("variable substitution failed", &error).map(Some),
        };
        let Some(resource) = self.laid_on(element) else {
            return Ok(None);
        };
        let name = &self.rule.name;
        let mismatch = match pattern::match_pattern(self.scope.context, resource, pattern)? {
            Ok(()) => {
                let passed = format!("validation rule '{name}' passed.");
                return Ok(Some(Response::new(Status::Pass, passed)));
            }
            Err(mismatch) => mismatch,
        };
        Ok(Some(match mismatch.outcome {
            Outcome::Skip => Response::new(Status::Skip, mismatch.reason),
            Outcome::Fail => {
                let where_ = format!("rule {name} failed at path {}", mismatch.path);
                Response::new(Status::Fail, self.failure(&where_, &mismatch.reason)?)
                    .at(trimmed(&mismatch.path), mismatch.value)
            }
            Outcome::Error => {
                let why = format!("rule {name} execution error: {}", mismatch.reason);
                Response::new(Status::Error, self.failure(&why, &mismatch.reason)?)
                    .at(trimmed(&mismatch.path), mismatch.value)
            }
        }))
    }

    /// `validation error: MESSAGE. WHERE`.
    fn failure(&self, place: &str, reason: &str) -> Result<String, Exhausted> {
        let Some(message) = &self.validate.message else {
            return Ok(format!("validation error: {place}"));
        };
        Ok(match self.filled(message)? {
            Some(message) if message.ends_with('.') => {
                format!("validation error: {message} {place}")
            }
            Some(message) => format!("validation error: {message}. {place}"),
            None => format!(
                "validation error: variables substitution error in rule {} execution error: {reason}",
                self.rule.name
            ),
        })
    }

    fn any_pattern(&self, patterns: &[Template], element: Option<Datum<'a>>) -> Judged<'a> {
        let name = &self.rule.name;
        let (mut failed, mut skipped) = (Vec::new(), Vec::new());
        let mut nearest = None;
        let mut filled = Vec::new();
        for pattern in patterns {
            match pattern.fill(self.scope) {
                Ok(pattern) => filled.push(pattern),
                Err(error) => {
                    return Response::error("variable substitution failed", &error).map(Some);
                }
            }
        }
        let Some(resource) = self.laid_on(element) else {
            return Ok(None);
        };
        for (at, pattern) in filled.into_iter().enumerate() {
            match pattern::match_pattern(self.scope.context, resource, pattern)? {
                Ok(()) => {
                    let passed = format!("validation rule '{name}' anyPattern[{at}] passed.");
                    return Ok(Some(Response::new(Status::Pass, passed)));
                }
                Err(mismatch) if mismatch.outcome == Outcome::Skip => {
                    skipped.push(format!("rule {name}[{at}] skipped: {}", mismatch.reason));
                }
                Err(mismatch) => {
                    failed.push(format!(
                        "rule {name}[{at}] failed at path {}",
                        mismatch.path
                    ));
                    nearest.get_or_insert((mismatch.path, mismatch.value));
                }
            }
        }
        if failed.is_empty() && !skipped.is_empty() {
            return Ok(Some(Response::new(Status::Skip, skipped.join(" "))));
        }
        let Some((path, value)) = nearest else {
            return Ok(Some(Response::new(Status::Pass, "")));
        };
        let failed = failed.join(" ");
        let message = self.failure(&failed, &failed)?;
        let response = Response::new(Status::Fail, message).at(trimmed(&path), value);
        Ok(Some(response))
    }

    fn for_each(&self, loops: &'x [ForEach], nesting: usize) -> Judged<'a> {
        let mut applied = 0;
        let mut unlisted = None;
        for one in loops {
            let listed = match &one.list {
                Ok(list) => self.scope.query(list),
                Err(mistake) => Err(SearchError::Failed(mistake.clone())),
            };
            let listed = match listed {
                Ok(listed) => listed,
                Err(SearchError::Exhausted(reason)) => return Err(reason),
                Err(SearchError::NotFound(_)) => continue,
                Err(error) => {
                    unlisted = Some(error);
                    continue;
                }
            };
            let elements: Vec<_> = if listed.is_list() {
                listed.items().collect()
            } else {
                vec![listed]
            };
            let saved = self.scope.save();
            let judged = self.elements(one, &elements, nesting);
            self.scope.restore(&saved);
            match judged? {
                Ok(count) => applied += count,
                Err(response) => return Ok(Some(response)),
            }
        }
        match unlisted {
            Some(error) if applied == 0 => {
                Response::error("failed to evaluate list", &error).map(Some)
            }
            _ if applied == 0 => Ok(None),
            _ => Ok(Some(Response::new(Status::Pass, "rule passed"))),
        }
    }

    /// How many elements the check applied to, or the answer that ends the loop.
    fn elements(
        &self,
        one: &'x ForEach,
        elements: &[Datum<'a>],
        nesting: usize,
    ) -> Result<Result<usize, Response<'a>>, Exhausted> {
        let saved = self.scope.save();
        let mut applied = 0;
        for (at, element) in elements.iter().enumerate() {
            if build::is_null(*element) {
                continue;
            }
            self.scope.restore(&saved);
            self.scope.context.charge(1)?;
            self.scope.set_element(*element, at, nesting);
            if one.scoped == Some(true) && !element.is_map() {
                let message = "`elementScope: true` needs elements that are mappings";
                return Ok(Err(Response::new(Status::Error, message)));
            }
            let scoped = one.scoped.unwrap_or(element.is_map());
            self.scope.add_entries(&one.context);
            if let Some(preconditions) = &one.preconditions {
                match preconditions.hold(self.scope) {
                    Ok((true, _)) => {}
                    Err(SearchError::Exhausted(reason)) => return Err(reason),
                    Ok((false, _)) | Err(_) => continue,
                }
            }
            let element = scoped.then_some(*element);
            let Some(mut response) = self.check(&one.check, element, nesting + 1)? else {
                continue;
            };
            match response.status {
                Status::Skip => {}
                Status::Pass => applied += 1,
                _ => {
                    response.message = format!("validation failure: {}", response.message);
                    return Ok(Err(response));
                }
            }
        }
        Ok(Ok(applied))
    }
}

/// A path without its last `/`.
fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}
