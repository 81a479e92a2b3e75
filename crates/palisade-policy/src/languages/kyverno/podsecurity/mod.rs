//! `podSecurity`: the Pod Security Standards, with controls excluded for some images or fields.

mod controls;
mod gaps;

use crate::answer::Status;
use crate::budget::Exhausted;
use crate::datum::Datum;

use super::exceptions::Exception;
use super::jmespath::SearchError;
use super::response::Response;
use super::scalars::{build, wildcard};
use super::scope::Scope;

/// A `podSecurity` block.
#[derive(Debug)]
pub(crate) struct PodSecurity {
    level: Option<Level>,
    level_word: String,
    /// Minor version of Kubernetes; `None` for a mistake.
    version: Option<u32>,
    version_word: String,
    excludes: Vec<Exclusion>,
}

/// How much the standard asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Nothing.
    Privileged,
    /// No known escalation.
    Baseline,
    /// Hardened.
    Restricted,
}

/// A control that does not count, for some images, fields or values.
#[derive(Debug)]
pub(crate) struct Exclusion {
    control: String,
    images: Vec<String>,
    field: String,
    values: Vec<String>,
}

/// A field that breaks a control.
#[derive(Debug)]
pub(crate) struct Violation<'a> {
    /// The control's name, as exclusions say it.
    pub(crate) control: &'static str,
    /// The field, such as `spec.containers[0].securityContext.privileged`.
    pub(crate) field: String,
    /// What it holds, as text; empty if it is missing.
    pub(crate) held: Vec<String>,
    /// The image of its container; `None` for fields of the pod.
    pub(crate) image: Option<&'a str>,
    /// The nearest value that is there.
    pub(crate) value: Datum<'a>,
}

impl Exclusion {
    /// Reads an exclusion.
    pub(crate) fn read(value: Datum<'_>) -> Self {
        let text = |key| {
            value
                .get(key)
                .and_then(Datum::as_text)
                .unwrap_or("")
                .to_owned()
        };
        let texts = |key| {
            let list = value.get(key).into_iter().flat_map(Datum::items);
            list.map(build::sprint).collect()
        };
        Self {
            control: text("controlName"),
            images: texts("images"),
            field: text("restrictedField"),
            values: texts("values"),
        }
    }

    /// Takes out what the exclusion covers.
    ///
    /// Without images it is about the pod: its own fields, and one container that says nothing.
    /// The first container that breaks the same field is taken for that one, as in Kyverno.
    fn lift(&self, found: &mut Vec<Violation<'_>>, pod: Datum<'_>) {
        found.retain(|violation| !self.covers(violation));
        if !self.images.is_empty() {
            return;
        }
        for (control, gap) in gaps::gaps(pod) {
            if control != self.control || !(self.field.is_empty() || self.field == gap) {
                continue;
            }
            // A profile that is there and bad breaks the baseline too, which has no such gap.
            let is_first = |violation: &Violation<'_>| {
                violation.control == control
                    && starred(&violation.field) == gap
                    && (control != "Seccomp" || violation.held.is_empty())
            };
            if let Some(first) = found.iter().position(is_first) {
                found.remove(first);
            }
        }
    }

    fn covers(&self, violation: &Violation<'_>) -> bool {
        let one_of = |patterns: &[String], text: &str| {
            patterns
                .iter()
                .any(|pattern| wildcard::matches(pattern, text))
        };
        let place = match violation.image {
            None => self.images.is_empty(),
            Some(image) => one_of(&self.images, image),
        };
        place
            && self.control == violation.control
            && (self.field.is_empty() || self.field == starred(&violation.field))
            && (self.values.is_empty()
                || violation.held.iter().all(|held| one_of(&self.values, held)))
    }
}

/// The field with `*` for every index.
fn starred(field: &str) -> String {
    let mut written = String::new();
    let mut digits = false;
    for one in field.chars() {
        if one.is_ascii_digit() && (digits || written.ends_with('[')) {
            if !digits {
                written.push('*');
            }
            digits = true;
        } else {
            digits = false;
            written.push(one);
        }
    }
    written
}

impl PodSecurity {
    /// Reads a `podSecurity` block.
    pub(crate) fn read(value: Datum<'_>) -> Self {
        let text = |key| value.get(key).and_then(Datum::as_text).unwrap_or("");
        let version = match text("version") {
            "" | "latest" => Some(u32::MAX),
            other => other
                .strip_prefix("v1.")
                .and_then(|minor| minor.parse().ok()),
        };
        let excludes = value.get("exclude").into_iter().flat_map(Datum::items);
        Self {
            level: match text("level") {
                "privileged" => Some(Level::Privileged),
                "baseline" => Some(Level::Baseline),
                "restricted" => Some(Level::Restricted),
                _ => None,
            },
            level_word: text("level").to_owned(),
            version,
            version_word: text("version").to_owned(),
            excludes: excludes.map(Exclusion::read).collect(),
        }
    }

    /// What is wrong with the block.
    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        if self.level.is_none() {
            found.push(format!(
                "`{}` is no level of pod security; write `baseline` or `restricted`",
                self.level_word
            ));
        }
        if self.version.is_none() {
            found.push(format!(
                "`{}` is no version of pod security; write `latest` or `v1.NN`",
                self.version_word
            ));
        }
    }

    /// Judges the pod of the request's resource.
    pub(crate) fn judge<'a>(
        &self,
        scope: &Scope<'_, 'a>,
        rule: &str,
        exceptions: &[&Exception],
    ) -> Result<Response<'a>, Exhausted> {
        let (Some(level), Some(version)) = (self.level, self.version) else {
            return Ok(Response::new(
                Status::Error,
                "the level or version of pod security is unknown",
            ));
        };
        let resource = scope.object().unwrap_or(Datum::Null);
        let (prefix, pod) = pod_of(resource);
        let Some(pod) = pod else {
            let error = SearchError::Failed("the resource holds no pod".to_owned());
            return Response::error("failed to read the pod", &error);
        };
        let mut found = controls::violations(pod, level, version);
        for exclusion in &self.excludes {
            scope
                .context
                .charge(u64::try_from(found.len()).unwrap_or(u64::MAX))?;
            exclusion.lift(&mut found, pod);
        }
        if found.is_empty() {
            let passed = format!("Validation rule '{rule}' passed.");
            return Ok(Response::new(Status::Pass, passed));
        }
        let excused = exceptions
            .iter()
            .flat_map(|exception| &exception.pod_security);
        for exclusion in excused {
            exclusion.lift(&mut found, pod);
        }
        let Some(first) = found.first() else {
            let exception = exceptions.first();
            let name = exception.map_or("", |exception| exception.said.name.as_str());
            let message = format!("rule is skipped due to policy exceptions {name}");
            let mut response = Response::new(Status::Skip, message);
            response.exception = exception.map(|exception| exception.said.clone());
            return Ok(response);
        };
        let fields: Vec<String> = found
            .iter()
            .map(|violation| format!("{} ({prefix}{})", violation.control, violation.field))
            .collect();
        let version = match self.version_word.as_str() {
            "" => "latest",
            word => word,
        };
        let message = format!(
            "Validation rule '{rule}' failed. It violates PodSecurity \"{}:{version}\": {}",
            self.level_word,
            fields.join(", ")
        );
        let path = format!("{prefix}{}", first.field);
        let path = path.replace('[', ".").replace(']', "").replace('.', "/");
        Ok(Response::new(Status::Fail, message).at(format!("/{path}"), Some(first.value)))
    }
}

/// The pod that a resource holds, and the path before it.
fn pod_of(resource: Datum<'_>) -> (&'static str, Option<Datum<'_>>) {
    let kind = build::text_at(resource, &["kind"]).unwrap_or("");
    match kind {
        "Pod" => ("", Some(resource)),
        "CronJob" => {
            let path = ["spec", "jobTemplate", "spec", "template"];
            (
                "spec.jobTemplate.spec.template.",
                build::at(resource, &path),
            )
        }
        _ => ("spec.template.", build::at(resource, &["spec", "template"])),
    }
}

#[cfg(test)]
mod tests;
