//! Secrets that stand in the code, wherever they stand.

use palisade_model::{BuildCommand, ConfigObject, EnvSource, NodeId, Origin, Secret, SecretKind};

use super::secret_objects::committed;
use crate::build_view::{Step, steps};
use crate::config_view::config_id;
use crate::container_view::{ContainerView, containers};
use crate::context::Context;

/// What kind of text it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A container's environment.
    Environment,
    /// `ENV` or `ARG`.
    BuildFile,
    /// A Secret object.
    SecretObject,
    /// A ConfigMap.
    ConfigMap,
}

/// A secret in the code.
#[derive(Debug, Clone)]
pub(super) struct Literal<'a> {
    /// What kind of text it stands in.
    pub(super) place: Place,
    /// What kind of secret it is.
    pub(super) kind: SecretKind,
    /// The node that holds it.
    pub(super) subject: NodeId,
    /// What in the node holds it.
    pub(super) part: String,
    /// How a sentence names the place.
    pub(super) named: String,
    /// Where it stands.
    pub(super) origin: &'a Origin,
    /// Digest of the declaration that holds it.
    pub(super) content: &'a str,
}

impl Literal<'_> {
    /// The kind in words that follow "a".
    pub(super) const fn kind_words(&self) -> &'static str {
        match self.kind {
            SecretKind::Password => "password",
            SecretKind::Token | SecretKind::ServiceAccountToken => "token",
            SecretKind::PrivateKey | SecretKind::TlsKeyPair => "private key",
            SecretKind::CloudKey => "key of a cloud account",
            SecretKind::ConnectionString => "connection string with a password",
            SecretKind::RegistryCredential => "registry credential",
            SecretKind::Opaque => "secret",
        }
    }
}

/// Every secret that stands in the code.
pub(super) fn literals<'a>(context: &Context<'a>) -> impl Iterator<Item = Literal<'a>> {
    let environment = containers(context).flat_map(in_environment);
    let build_files = steps(context).filter_map(in_build_file);
    let objects = committed(context).map(in_secret_object);
    let config = context.model.config.iter().flat_map(in_config_map);
    environment.chain(build_files).chain(objects).chain(config)
}

fn in_environment(view: ContainerView<'_>) -> impl Iterator<Item = Literal<'_>> {
    view.container.env.iter().filter_map(move |variable| {
        let EnvSource::Literal {
            secret: Some(kind), ..
        } = &variable.source
        else {
            return None;
        };
        Some(Literal {
            place: Place::Environment,
            kind: *kind,
            subject: view.workload.id.clone(),
            part: format!("{}/{}", view.container.name, variable.name),
            named: format!("variable `{}` of {}", variable.name, view.named()),
            origin: &variable.origin,
            content: &view.workload.content,
        })
    })
}

fn in_build_file(step: Step<'_>) -> Option<Literal<'_>> {
    let BuildCommand::Variable {
        name,
        secret: Some(kind),
        ..
    } = &step.instruction.command
    else {
        return None;
    };
    Some(Literal {
        place: Place::BuildFile,
        kind: *kind,
        subject: step.pipeline.id.clone(),
        part: name.clone(),
        named: format!("variable `{name}` of `{}`", step.pipeline.name),
        origin: &step.instruction.origin,
        content: &step.pipeline.content,
    })
}

fn in_secret_object(secret: &Secret) -> Literal<'_> {
    let place = secret.keys.first();
    Literal {
        place: Place::SecretObject,
        kind: secret.kind,
        subject: secret.id.clone(),
        part: String::new(),
        named: format!("secret `{}`", secret.name),
        origin: place.map_or(&secret.origin, |key| &key.origin),
        content: &secret.content,
    }
}

fn in_config_map(config: &ConfigObject) -> impl Iterator<Item = Literal<'_>> {
    config.secrets.iter().map(|(key, kind)| Literal {
        place: Place::ConfigMap,
        kind: *kind,
        subject: config_id(config),
        part: key.value.clone(),
        named: format!("key `{}` of config map `{}`", key.value, config.name),
        origin: &key.origin,
        content: &config.content,
    })
}
