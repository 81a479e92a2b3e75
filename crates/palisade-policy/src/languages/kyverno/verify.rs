//! `verifyImages`, on facts about images that were handed in. What is not known of an image that a
//! rule asks about fails the rule.
//!
//! A fact is a mapping: `verified: true` (signatures hold by the caller's own trust roots),
//! `digest`, and `attestations`, a list with the `type` of each that was verified.

use crate::answer::Status;
use crate::datum::Datum;

use super::facts;
use super::images::{self, Image};
use super::policy::Rule;
use super::response::Response;
use super::scalars::{build, wildcard};
use super::scope::Scope;

/// The `verifyImages` list of a rule.
#[derive(Debug)]
pub(crate) struct Verify {
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    references: Vec<String>,
    skipped: Vec<String>,
    attestations: Vec<String>,
    needs_signature: bool,
    needs_digest: bool,
    required: bool,
}

impl Verify {
    /// Reads a `verifyImages` list.
    pub(crate) fn read(value: Datum<'_>) -> Self {
        Self {
            asked: value.items().map(Asked::read).collect(),
        }
    }

    /// Judges the images of the request's resource; nothing if the rule asks about none of them.
    pub(crate) fn judge<'a>(&self, scope: &Scope<'_, 'a>, rule: &Rule) -> Option<Response<'a>> {
        let subject = scope.object()?;
        let kind = scope.request.gvk.kind;
        let standard = images::standard_extractors(kind);
        let extractors = rule.extractors.get(kind).unwrap_or(&standard);
        let mut asked = 0_usize;
        for extractor in extractors {
            for found in images::extract(scope.context, subject, extractor) {
                let Some(image) = Image::parse(found.reference) else {
                    let message = format!("`{}` is no image reference", found.reference);
                    let response = Response::new(Status::Error, message);
                    return Some(response.at(found.pointer, Some(found.written)));
                };
                let reference = image.reference();
                for one in self.asked.iter().filter(|one| one.is_about(&reference)) {
                    asked += 1;
                    if let Some(reason) = one.breach(scope, &image) {
                        let response = Response::new(Status::Fail, reason);
                        return Some(response.at(found.pointer, Some(found.written)));
                    }
                }
            }
        }
        (asked > 0).then(|| Response::new(Status::Pass, "image verified"))
    }
}

impl Asked {
    fn read(value: Datum<'_>) -> Self {
        let texts = |key| {
            let list = value.get(key).into_iter().flat_map(Datum::items);
            list.map(build::sprint).collect::<Vec<_>>()
        };
        let flag = |key| value.get(key).and_then(Datum::as_bool).unwrap_or(true);
        let mut references = texts("imageReferences");
        references.extend(value.get("image").map(build::sprint));
        let attestations = value.get("attestations").into_iter().flat_map(Datum::items);
        Self {
            references,
            skipped: texts("skipImageReferences"),
            attestations: attestations
                .filter_map(|one| one.get("type").or_else(|| one.get("predicateType")))
                .map(build::sprint)
                .collect(),
            needs_signature: value
                .get("attestors")
                .is_some_and(|attestors| !attestors.is_empty())
                || value.get("key").is_some(),
            needs_digest: flag("verifyDigest"),
            required: flag("required"),
        }
    }

    fn is_about(&self, reference: &str) -> bool {
        let one_of = |patterns: &[String]| {
            patterns
                .iter()
                .any(|pattern| wildcard::matches(pattern, reference))
        };
        one_of(&self.references) && !one_of(&self.skipped)
    }

    /// Why an image does not meet what is asked.
    fn breach(&self, scope: &Scope<'_, '_>, image: &Image<'_>) -> Option<String> {
        let reference = image.reference();
        let fact = facts::image_fact(scope, &reference).unwrap_or(Datum::Null);
        let digest = fact
            .get("digest")
            .and_then(Datum::as_text)
            .unwrap_or(image.digest);
        if self.needs_digest && digest.is_empty() {
            return Some(format!("missing digest for {reference}"));
        }
        let asks = self.needs_signature || !self.attestations.is_empty() || self.required;
        if asks && build::is_null(fact) {
            scope.context.miss(format!("the image `{reference}`"));
            return Some(format!(
                "unverified image {reference}: nothing is known of it"
            ));
        }
        let verified = fact.get("verified").and_then(Datum::as_bool) == Some(true);
        if (self.needs_signature || self.required) && !verified {
            return Some(format!("unverified image {reference}"));
        }
        let known = |wanted: &String| {
            let known = fact.get("attestations").into_iter().flat_map(Datum::items);
            known
                .filter_map(|one| {
                    one.get("type")
                        .and_then(Datum::as_text)
                        .or_else(|| one.as_text())
                })
                .any(|one| one == wanted)
        };
        let missing = self.attestations.iter().find(|wanted| !known(wanted))?;
        Some(format!(
            "image {reference} has no verified attestation `{missing}`"
        ))
    }
}
