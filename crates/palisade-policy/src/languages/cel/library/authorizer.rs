//! Kubernetes' `authorizer`, answered from supplied facts: what is not supplied is unknown, and an
//! error.

use super::super::fault::Fault;
use super::super::foreign::Foreign;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::Val;
use super::{foreign, text, value};
use crate::datum::Datum;

const AUTHORIZER: Type = Type::Named("kubernetes.authorization.Authorizer");
const PATH: Type = Type::Named("kubernetes.authorization.PathCheck");
const GROUP: Type = Type::Named("kubernetes.authorization.GroupCheck");
const RESOURCE: Type = Type::Named("kubernetes.authorization.ResourceCheck");
const DECISION: Type = Type::Named("kubernetes.authorization.Decision");

/// How far a question has been put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Authorizer,
    Path,
    Group,
    Resource,
}

/// A question about access.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Access<'v> {
    stage: Stage,
    service_account: &'v str,
    path: &'v str,
    group: &'v str,
    resource: &'v str,
    subresource: &'v str,
    namespace: &'v str,
    name: &'v str,
    field_selector: &'v str,
    label_selector: &'v str,
}

impl<'v> Access<'v> {
    /// The question about a resource by its namespace and name.
    pub(crate) fn resource(
        group: &'v str,
        resource: &'v str,
        (namespace, name): (&'v str, &'v str),
    ) -> Self {
        Self {
            stage: Stage::Resource,
            group,
            resource,
            namespace,
            name,
            ..Self::default()
        }
    }

    /// The type of the question so far.
    pub(in super::super) fn type_name(&self) -> &'static str {
        match self.stage {
            Stage::Authorizer => "kubernetes.authorization.Authorizer",
            Stage::Path => "kubernetes.authorization.PathCheck",
            Stage::Group => "kubernetes.authorization.GroupCheck",
            Stage::Resource => "kubernetes.authorization.ResourceCheck",
        }
    }
}

/// The answer to a question about access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision<'v> {
    allowed: bool,
    reason: &'v str,
}

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::member("path", &[AUTHORIZER, Type::Text], |m, a| {
        with(m, a, Stage::Path, |access, text| access.path = text)
    }),
    Overload::member(
        "serviceAccount",
        &[AUTHORIZER, Type::Text, Type::Text],
        |m, a| {
            let mut access = access(a)?;
            let (namespace, name) = (text(a, 1)?, text(a, 2)?);
            let account = format!("{namespace}:{name}");
            access.service_account = m.context.arena.alloc_str(&account);
            Ok(foreign(m, Foreign::Access(access)))
        },
    ),
    Overload::member("group", &[AUTHORIZER, Type::Text], |m, a| {
        with(m, a, Stage::Group, |access, text| access.group = text)
    }),
    Overload::member("resource", &[GROUP, Type::Text], |m, a| {
        with(m, a, Stage::Resource, |access, text| access.resource = text)
    }),
    Overload::member("subresource", &[RESOURCE, Type::Text], |m, a| {
        with(m, a, Stage::Resource, |access, text| {
            access.subresource = text;
        })
    }),
    Overload::member("namespace", &[RESOURCE, Type::Text], |m, a| {
        with(m, a, Stage::Resource, |access, text| {
            access.namespace = text;
        })
    }),
    Overload::member("name", &[RESOURCE, Type::Text], |m, a| {
        with(m, a, Stage::Resource, |access, text| access.name = text)
    }),
    Overload::member("fieldSelector", &[RESOURCE, Type::Text], |m, a| {
        with(m, a, Stage::Resource, |access, text| {
            access.field_selector = text;
        })
    }),
    Overload::member("labelSelector", &[RESOURCE, Type::Text], |m, a| {
        with(m, a, Stage::Resource, |access, text| {
            access.label_selector = text;
        })
    }),
    Overload::member("check", &[PATH, Type::Text], check),
    Overload::member("check", &[RESOURCE, Type::Text], check),
    Overload::member("allowed", &[DECISION], |_, a| {
        Ok(Val::Bool(decision(a)?.allowed))
    }),
    Overload::member("reason", &[DECISION], |_, a| {
        Ok(Val::Text(decision(a)?.reason))
    }),
    Overload::member("errored", &[DECISION], |_, a| {
        decision(a)?;
        Ok(Val::Bool(false))
    }),
    Overload::member("error", &[DECISION], |_, a| {
        decision(a)?;
        Ok(Val::Text(""))
    }),
];

fn access<'v>(arguments: &[Val<'v>]) -> Result<Access<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Foreign(Foreign::Access(access)) => Ok(*access),
        _ => Err(Fault::no_overload()),
    }
}

fn decision<'v>(arguments: &[Val<'v>]) -> Result<Decision<'v>, Fault> {
    match value(arguments, 0)? {
        Val::Foreign(Foreign::Decision(decision)) => Ok(*decision),
        _ => Err(Fault::no_overload()),
    }
}

fn with<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
    stage: Stage,
    set: fn(&mut Access<'v>, &'v str),
) -> Result<Val<'v>, Fault> {
    let mut access = access(arguments)?;
    access.stage = stage;
    set(&mut access, text(arguments, 1)?);
    Ok(foreign(machine, Foreign::Access(access)))
}

/// Looks the question up in the supplied value `authorizer`: a list of mappings with the words of
/// the question (`verb`, `group`, `resource`, `subresource`, `namespace`, `name`, `path`,
/// `serviceAccount`), `allowed` and `reason`. A word that an entry leaves out fits everything.
fn check<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (access, verb) = (access(arguments)?, text(arguments, 1)?);
    let named = machine.environment.facts.named.iter();
    let known = named
        .filter(|(name, _)| *name == "authorizer")
        .flat_map(|(_, facts)| facts.items());
    let asked = [
        ("verb", verb),
        ("path", access.path),
        ("group", access.group),
        ("resource", access.resource),
        ("subresource", access.subresource),
        ("namespace", access.namespace),
        ("name", access.name),
        ("fieldSelector", access.field_selector),
        ("labelSelector", access.label_selector),
        ("serviceAccount", access.service_account),
    ];
    for fact in known {
        machine.context.meter.charge(1)?;
        let fits = asked.iter().all(|(word, wanted)| {
            let said = fact.get(word).and_then(Datum::as_text);
            said.is_none_or(|said| said == *wanted || said == "*")
        });
        if fits && let Some(allowed) = fact.get("allowed").and_then(Datum::as_bool) {
            let reason = fact.get("reason").and_then(Datum::as_text).unwrap_or("");
            return Ok(foreign(
                machine,
                Foreign::Decision(Decision { allowed, reason }),
            ));
        }
    }
    Err(Fault::new(format!(
        "whether `{verb}` is allowed is unknown; supply it under `authorizer`"
    )))
}
