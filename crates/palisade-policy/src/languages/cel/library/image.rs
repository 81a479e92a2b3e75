//! Image references, in Kyverno's words.

use std::fmt;

use super::super::fault::Fault;
use super::super::foreign::Foreign;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{foreign, text, value};

const T: &[Type] = &[Type::Text];
const I: &[Type] = &[Type::Named("kyverno.image")];
/// The registry of references that name none.
const DEFAULT_REGISTRY: &str = "index.docker.io";

/// An image reference in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference<'v> {
    /// Host of the registry, with its port.
    pub(crate) registry: &'v str,
    /// Whether the repository is one of Docker's own (`library/`), which the text leaves out.
    official: bool,
    repository: &'v str,
    tag: &'v str,
    digest: &'v str,
}

impl<'v> Reference<'v> {
    /// Reads a reference; `None` for what is not one.
    pub(crate) fn parse(text: &'v str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, is_digest(digest).then_some(digest)?),
            None => (text, ""),
        };
        let last = name.rfind('/').map_or(0, |at| at + 1);
        let tail = name.get(last..)?;
        let (name, tag) = match tail.rfind(':') {
            Some(at) => (name.get(..last + at)?, tail.get(at + 1..)?),
            None => (name, ""),
        };
        let tagged = name.len() < text.split('@').next().map_or(0, str::len);
        if tagged && !is_tag(tag) {
            return None;
        }
        let (registry, repository) = match name.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest),
            _ => (DEFAULT_REGISTRY, name),
        };
        let registry = if registry == "docker.io" {
            DEFAULT_REGISTRY
        } else {
            registry
        };
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-./".contains(c);
        let official = registry == DEFAULT_REGISTRY && !repository.contains('/');
        let length = repository.len() + if official { "library/".len() } else { 0 };
        let well_formed = !repository.is_empty()
            && (2..=255).contains(&length)
            && repository.chars().all(legal)
            && is_registry(registry);
        well_formed.then_some(Self {
            registry,
            official,
            repository,
            tag: if digest.is_empty() && tag.is_empty() {
                "latest"
            } else if digest.is_empty() {
                tag
            } else {
                ""
            },
            digest,
        })
    }

    fn identifier(&self) -> &'v str {
        if self.digest.is_empty() {
            self.tag
        } else {
            self.digest
        }
    }

    /// The repository, with `library/` for Docker's own.
    pub(crate) fn repository(&self) -> String {
        let prefix = if self.official { "library/" } else { "" };
        format!("{prefix}{}", self.repository)
    }
}

impl fmt::Display for Reference<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.digest.is_empty() { ':' } else { '@' };
        let (registry, repository) = (self.registry, self.repository());
        write!(
            formatter,
            "{registry}/{repository}{separator}{}",
            self.identifier()
        )
    }
}

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("image", T, make),
    Overload::global("parseImageReference", T, make),
    Overload::global("image.parseImageReference", T, make),
    Overload::global("isImage", T, |_, a| {
        Ok(Val::Bool(Reference::parse(text(a, 0)?).is_some()))
    }),
    Overload::global("image.isImage", T, |_, a| {
        Ok(Val::Bool(Reference::parse(text(a, 0)?).is_some()))
    }),
    Overload::member("registry", I, |_, a| Ok(Val::Text(image(a)?.registry))),
    Overload::member("repository", I, |m, a| m.new_text(&image(a)?.repository())),
    Overload::member("identifier", I, |_, a| {
        Ok(Val::Text(image(a)?.identifier()))
    }),
    Overload::member("tag", I, |_, a| Ok(Val::Text(image(a)?.tag))),
    Overload::member("digest", I, |_, a| Ok(Val::Text(image(a)?.digest))),
    Overload::member("containsDigest", I, |_, a| {
        Ok(Val::Bool(!image(a)?.digest.is_empty()))
    }),
];

fn make<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let given = text(arguments, 0)?;
    let reference = Reference::parse(given).ok_or_else(|| {
        let shown: String = given.chars().take(128).collect();
        Fault::new(format!("could not parse reference: `{shown}`"))
    })?;
    Ok(foreign(machine, Foreign::Image(reference)))
}

fn image<'v>(arguments: &[Val<'v>]) -> Result<Reference<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Foreign(Foreign::Image(reference)) => Ok(*reference),
        _ => Err(Fault::no_overload()),
    }
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, digits)| {
        let length = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return false,
        };
        digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_tag(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !text.is_empty() && text.len() <= 128 && text.chars().all(legal)
}

fn is_registry(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
}
