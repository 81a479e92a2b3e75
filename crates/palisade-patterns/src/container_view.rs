//! Containers with the rights that hold for them: what a container says goes before what its pod says.

use palisade_model::{
    Container, ContainerRole, Fact, Origin, SecurityContext, Workload, WorkloadKind,
};

use crate::context::Context;
use crate::finding::Report;

/// A container in its workload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContainerView<'a> {
    /// The workload's declaration.
    pub(crate) workload: &'a Workload,
    /// The container.
    pub(crate) container: &'a Container,
}

/// Every container of every declaration, of every role.
pub(crate) fn containers<'a>(context: &Context<'a>) -> impl Iterator<Item = ContainerView<'a>> {
    context.model.declarations().flat_map(views)
}

/// The containers of one declaration.
pub(crate) fn views(workload: &Workload) -> impl Iterator<Item = ContainerView<'_>> {
    workload
        .containers
        .iter()
        .map(move |container| ContainerView {
            workload,
            container,
        })
}

/// Whether pods of this kind are meant to keep running.
pub(crate) const fn stays(kind: WorkloadKind) -> bool {
    !matches!(
        kind,
        WorkloadKind::Job | WorkloadKind::CronJob | WorkloadKind::Function | WorkloadKind::Pod
    )
}

impl<'a> ContainerView<'a> {
    fn own_or_pod<T>(
        &self,
        pick: impl Fn(&'a SecurityContext) -> &'a Option<Fact<T>>,
    ) -> Option<&'a Fact<T>> {
        pick(&self.container.security)
            .as_ref()
            .or_else(|| pick(&self.workload.security.context).as_ref())
    }

    /// `runAsNonRoot`.
    pub(crate) fn run_as_non_root(&self) -> Option<&'a Fact<bool>> {
        self.own_or_pod(|context| &context.run_as_non_root)
    }

    /// `runAsUser`.
    pub(crate) fn run_as_user(&self) -> Option<&'a Fact<i64>> {
        self.own_or_pod(|context| &context.run_as_user)
    }

    /// `runAsGroup`.
    pub(crate) fn run_as_group(&self) -> Option<&'a Fact<i64>> {
        self.own_or_pod(|context| &context.run_as_group)
    }

    /// Seccomp profile type.
    pub(crate) fn seccomp(&self) -> Option<&'a Fact<String>> {
        self.own_or_pod(|context| &context.seccomp)
    }

    /// AppArmor profile type.
    pub(crate) fn app_armor(&self) -> Option<&'a Fact<String>> {
        self.own_or_pod(|context| &context.app_armor)
    }

    /// SELinux type.
    pub(crate) fn selinux_type(&self) -> Option<&'a Fact<String>> {
        self.own_or_pod(|context| &context.selinux_type)
    }

    /// SELinux user or role.
    pub(crate) fn selinux_user_or_role(&self) -> Option<&'a Fact<String>> {
        self.own_or_pod(|context| &context.selinux_user_or_role)
    }

    /// Windows host process.
    pub(crate) fn host_process(&self) -> Option<&'a Fact<bool>> {
        self.own_or_pod(|context| &context.host_process)
    }

    /// Whether it is privileged.
    pub(crate) fn is_privileged(&self) -> bool {
        is_true(self.container.security.privileged.as_ref())
    }

    /// Whether it gives up every capability.
    pub(crate) fn drops_all(&self) -> bool {
        let drop = &self.container.security.capabilities.drop;
        drop.iter().any(|fact| fact.value == "ALL")
    }

    /// Whether the manifest makes sure that it does not run as user 0.
    pub(crate) fn is_non_root(&self) -> bool {
        match self.run_as_user() {
            Some(user) => user.value != 0,
            None => is_true(self.run_as_non_root()),
        }
    }

    /// Whether it runs for the life of its pod.
    pub(crate) fn is_long_lived(&self) -> bool {
        matches!(
            self.container.role,
            ContainerRole::Main | ContainerRole::Sidecar
        )
    }

    /// Whether its pod declares it, rather than somebody who debugs the pod.
    pub(crate) fn is_scheduled(&self) -> bool {
        self.container.role != ContainerRole::Ephemeral
    }

    /// Whether it has the least rights that the `restricted` Pod Security Standard asks for.
    pub(crate) fn is_restricted(&self) -> bool {
        let escalation = self.container.security.allow_privilege_escalation.as_ref();
        let pod = &self.workload.security;
        let shares_host = [&pod.host_network, &pod.host_pid, &pod.host_ipc]
            .into_iter()
            .any(|fact| is_true(fact.as_ref()));
        let confined = self
            .seccomp()
            .is_some_and(|profile| profile.value != "Unconfined");
        !self.is_privileged()
            && !shares_host
            && escalation.is_some_and(|fact| !fact.value)
            && self.drops_all()
            && self.is_non_root()
            && confined
    }

    /// How a sentence names it.
    pub(crate) fn named(&self) -> String {
        format!(
            "container `{}` of `{}`",
            self.container.name, self.workload.name
        )
    }

    /// A report about it at its own place; `what` follows its name.
    pub(crate) fn report(&self, what: &str) -> Report {
        self.report_at(&self.container.origin, what)
    }

    /// A report about it at another place; `what` follows its name.
    pub(crate) fn report_at(&self, origin: &Origin, what: &str) -> Report {
        Report::new(
            &self.workload.id,
            origin,
            &self.workload.content,
            format!("{} {what}", self.named()),
        )
        .part(self.container.name.as_str())
    }
}

/// Whether a setting is there and true.
pub(crate) fn is_true(fact: Option<&Fact<bool>>) -> bool {
    fact.is_some_and(|fact| fact.value)
}
