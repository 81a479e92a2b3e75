//! The controls of the Pod Security Standards
//! (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>).

use palisade_model::BASELINE_CAPABILITIES;

use crate::datum::Datum;
use crate::languages::kyverno::scalars::build;

use super::{Level, Violation};

/// The fields of a pod that break a level, as of a minor version of Kubernetes.
pub(super) fn violations(pod: Datum<'_>, level: Level, minor: u32) -> Vec<Violation<'_>> {
    let mut checker = Checker {
        pod,
        spec: pod.get("spec").unwrap_or(Datum::Null),
        minor,
        found: Vec::new(),
    };
    if level >= Level::Baseline {
        checker.host_process();
        checker.host_namespaces();
        checker.containers_baseline();
        checker.host_paths();
        checker.app_armor();
        checker.se_linux();
        checker.sysctls();
        checker.seccomp_baseline();
    }
    if level == Level::Restricted {
        checker.volumes();
        if !checker.is_windows() {
            checker.privilege_escalation();
            checker.capabilities_restricted();
            checker.seccomp_restricted();
        }
        checker.non_root();
        checker.users();
    }
    checker.found
}

struct Checker<'a> {
    pod: Datum<'a>,
    spec: Datum<'a>,
    minor: u32,
    found: Vec<Violation<'a>>,
}

/// A container with the path to it.
#[derive(Clone, Copy)]
struct Container<'a> {
    value: Datum<'a>,
    group: &'static str,
    index: usize,
}

impl<'a> Container<'a> {
    fn field(&self, name: &str) -> String {
        format!("spec.{}[{}].{name}", self.group, self.index)
    }

    fn security(&self, key: &str) -> Option<Datum<'a>> {
        self.value.get("securityContext")?.get(key)
    }

    fn image(&self) -> &'a str {
        self.value
            .get("image")
            .and_then(Datum::as_text)
            .unwrap_or("")
    }
}

/// Safe sysctls, and the minor version since which each is.
const SYSCTLS: [(&str, u32); 12] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

fn held(value: Option<Datum<'_>>) -> Vec<String> {
    value
        .filter(|value| !build::is_null(*value))
        .map(build::sprint)
        .filter(|text| !text.is_empty())
        .into_iter()
        .collect()
}

impl<'a> Checker<'a> {
    fn containers(&self) -> Vec<Container<'a>> {
        ["containers", "initContainers", "ephemeralContainers"]
            .into_iter()
            .flat_map(|group| {
                let list = self.spec.get(group).into_iter().flat_map(Datum::items);
                list.enumerate().map(move |(index, value)| Container {
                    value,
                    group,
                    index,
                })
            })
            .collect()
    }

    fn is_windows(&self) -> bool {
        self.minor >= 25 && build::text_at(self.spec, &["os", "name"]) == Some("windows")
    }

    fn security(&self, key: &str) -> Option<Datum<'a>> {
        self.spec.get("securityContext")?.get(key)
    }

    fn pod_breaks(&mut self, control: &'static str, field: &str, value: Option<Datum<'a>>) {
        self.found.push(Violation {
            control,
            field: field.to_owned(),
            held: held(value),
            image: None,
            value: value.unwrap_or(self.spec),
        });
    }

    fn breaks(
        &mut self,
        control: &'static str,
        container: Container<'a>,
        field: &str,
        value: Option<Datum<'a>>,
    ) {
        self.found.push(Violation {
            control,
            field: container.field(field),
            held: held(value),
            image: Some(container.image()),
            value: value.unwrap_or(container.value),
        });
    }

    fn host_process(&mut self) {
        let path = ["windowsOptions", "hostProcess"];
        let asks = |security: Option<Datum<'a>>| {
            let value = build::at(security?, &path)?;
            (value.as_bool() == Some(true)).then_some(value)
        };
        let control = "HostProcess";
        if let Some(value) = asks(self.spec.get("securityContext")) {
            let field = "spec.securityContext.windowsOptions.hostProcess";
            self.pod_breaks(control, field, Some(value));
        }
        for container in self.containers() {
            if let Some(value) = asks(container.value.get("securityContext")) {
                let field = "securityContext.windowsOptions.hostProcess";
                self.breaks(control, container, field, Some(value));
            }
        }
    }

    fn host_namespaces(&mut self) {
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            let value = self.spec.get(key);
            if value.and_then(Datum::as_bool) == Some(true) {
                self.pod_breaks("Host Namespaces", &format!("spec.{key}"), value);
            }
        }
    }

    /// Baseline controls that only containers can break.
    fn containers_baseline(&mut self) {
        for container in self.containers() {
            let privileged = container.security("privileged");
            if privileged.and_then(Datum::as_bool) == Some(true) {
                let field = "securityContext.privileged";
                self.breaks("Privileged Containers", container, field, privileged);
            }
            let added = build::at(container.value, &["securityContext", "capabilities", "add"]);
            let forbidden = added.into_iter().flat_map(Datum::items).filter(|one| {
                !one.as_text()
                    .is_some_and(|one| BASELINE_CAPABILITIES.contains(&one))
            });
            let forbidden: Vec<_> = forbidden.collect();
            if let Some(first) = forbidden.first() {
                self.breaks(
                    "Capabilities",
                    container,
                    "securityContext.capabilities.add",
                    Some(*first),
                );
                if let Some(last) = self.found.last_mut() {
                    last.held = forbidden.iter().map(|one| build::sprint(*one)).collect();
                }
            }
            let ports = container
                .value
                .get("ports")
                .into_iter()
                .flat_map(Datum::items);
            for (at, port) in ports.enumerate() {
                let value = port.get("hostPort");
                if value
                    .and_then(build::as_number)
                    .is_some_and(|port| port != 0.0)
                {
                    self.breaks(
                        "Host Ports",
                        container,
                        &format!("ports[{at}].hostPort"),
                        value,
                    );
                }
            }
            let mount = container.security("procMount");
            let unmasked = mount
                .and_then(Datum::as_text)
                .is_some_and(|mount| mount != "Default");
            let host_users = self.spec.get("hostUsers").and_then(Datum::as_bool);
            if unmasked && !(self.minor >= 35 && host_users == Some(false)) {
                let field = "securityContext.procMount";
                self.breaks("/proc Mount Type", container, field, mount);
            }
        }
    }

    fn host_paths(&mut self) {
        let volumes = self.spec.get("volumes").into_iter().flat_map(Datum::items);
        for (at, volume) in volumes.enumerate() {
            let value = volume.get("hostPath");
            if value.is_some_and(|value| !build::is_null(value)) {
                let path = value.and_then(|value| value.get("path"));
                let field = format!("spec.volumes[{at}].hostPath");
                self.pod_breaks("HostPath Volumes", &field, path.or(value));
                if let Some(last) = self.found.last_mut() {
                    last.held = held(path);
                }
            }
        }
    }

    fn app_armor(&mut self) {
        let bad = |profile: Option<Datum<'a>>| {
            let value = profile?.get("type")?;
            let allowed = matches!(value.as_text(), Some("RuntimeDefault" | "Localhost"));
            (!allowed).then_some(value)
        };
        if let Some(value) = bad(self.security("appArmorProfile")) {
            let field = "spec.securityContext.appArmorProfile.type";
            self.pod_breaks("AppArmor", field, Some(value));
        }
        for container in self.containers() {
            if let Some(value) = bad(container.security("appArmorProfile")) {
                let field = "securityContext.appArmorProfile.type";
                self.breaks("AppArmor", container, field, Some(value));
            }
        }
        let annotations = build::at(self.pod, &["metadata", "annotations"]);
        for (key, value) in annotations.into_iter().flat_map(Datum::entries) {
            let text = value.as_text().unwrap_or("");
            let allowed = matches!(text, "" | "runtime/default") || text.starts_with("localhost/");
            if key.starts_with("container.apparmor.security.beta.kubernetes.io/") && !allowed {
                let field = format!("metadata.annotations[{key}]");
                self.pod_breaks("AppArmor", &field, Some(value));
            }
        }
    }

    fn se_linux(&mut self) {
        let engine = self.minor >= 31;
        let bad = |options: Option<Datum<'a>>| {
            let mut found = Vec::new();
            for key in ["type", "user", "role"] {
                let Some(value) = options.and_then(|options| options.get(key)) else {
                    continue;
                };
                let allowed = match (key, value.as_text().unwrap_or("")) {
                    (_, "") => true,
                    ("type", "container_engine_t") => engine,
                    ("type", text) => {
                        matches!(text, "container_t" | "container_init_t" | "container_kvm_t")
                    }
                    _ => false,
                };
                if !allowed {
                    found.push((key, value));
                }
            }
            found
        };
        for (key, value) in bad(self.security("seLinuxOptions")) {
            let field = format!("spec.securityContext.seLinuxOptions.{key}");
            self.pod_breaks("SELinux", &field, Some(value));
        }
        for container in self.containers() {
            for (key, value) in bad(container.security("seLinuxOptions")) {
                let field = format!("securityContext.seLinuxOptions.{key}");
                self.breaks("SELinux", container, &field, Some(value));
            }
        }
    }

    fn sysctls(&mut self) {
        let sysctls = self.security("sysctls").into_iter().flat_map(Datum::items);
        for (at, sysctl) in sysctls.enumerate() {
            let value = sysctl.get("name");
            let name = value.and_then(Datum::as_text).unwrap_or("");
            let safe = SYSCTLS
                .iter()
                .any(|(known, since)| *known == name && self.minor >= *since);
            if !safe {
                let field = format!("spec.securityContext.sysctls[{at}].name");
                self.pod_breaks("Sysctls", &field, value);
            }
        }
    }

    fn seccomp_baseline(&mut self) {
        let bad = |profile: Option<Datum<'a>>| {
            let value = profile?.get("type")?;
            (!is_confined(value)).then_some(value)
        };
        if let Some(value) = bad(self.security("seccompProfile")) {
            self.pod_breaks(
                "Seccomp",
                "spec.securityContext.seccompProfile.type",
                Some(value),
            );
        }
        for container in self.containers() {
            if let Some(value) = bad(container.security("seccompProfile")) {
                let field = "securityContext.seccompProfile.type";
                self.breaks("Seccomp", container, field, Some(value));
            }
        }
    }

    fn volumes(&mut self) {
        let volumes = self.spec.get("volumes").into_iter().flat_map(Datum::items);
        for (at, volume) in volumes.enumerate() {
            let kinds = volume.entries().filter(|(key, _)| *key != "name");
            for (kind, value) in kinds {
                if !VOLUMES.contains(&kind) {
                    let field = format!("spec.volumes[{at}].{kind}");
                    self.pod_breaks("Volume Types", &field, Some(value));
                    // The control is about the kind: an exclusion cannot ask for values in it.
                    if let Some(last) = self.found.last_mut() {
                        last.held.clear();
                    }
                }
            }
        }
    }

    fn privilege_escalation(&mut self) {
        for container in self.containers() {
            let value = container.security("allowPrivilegeEscalation");
            if value.and_then(Datum::as_bool) != Some(false) {
                let field = "securityContext.allowPrivilegeEscalation";
                self.breaks("Privilege Escalation", container, field, value);
                let has_context = container.value.get("securityContext");
                let has_context = has_context.is_some_and(|context| !build::is_null(context));
                if let Some(last) = self.found.last_mut()
                    && last.held.is_empty()
                    && has_context
                {
                    last.held.push("nil".to_owned());
                }
            }
        }
    }

    fn capabilities_restricted(&mut self) {
        for container in self.containers() {
            let capabilities = container.security("capabilities").unwrap_or(Datum::Null);
            let list = |key| capabilities.get(key).into_iter().flat_map(Datum::items);
            if !list("drop").any(|one| one.as_text() == Some("ALL")) {
                let value = capabilities.get("drop");
                let field = "securityContext.capabilities.drop";
                self.breaks("Capabilities", container, field, value);
                if let Some(last) = self.found.last_mut() {
                    last.held = list("drop").map(build::sprint).collect();
                }
            }
            let added: Vec<_> = list("add")
                .filter(|one| one.as_text() != Some("NET_BIND_SERVICE"))
                .collect();
            if let Some(first) = added.first() {
                let field = "securityContext.capabilities.add";
                self.breaks("Capabilities", container, field, Some(*first));
                if let Some(last) = self.found.last_mut() {
                    last.held = added.iter().map(|one| build::sprint(*one)).collect();
                }
            }
        }
    }

    /// Profiles that are missing. They are told only where no bad one is.
    fn seccomp_restricted(&mut self) {
        if self.found.iter().any(|one| one.control == "Seccomp") {
            return;
        }
        let of = |profile: Option<Datum<'a>>| profile.and_then(|profile| profile.get("type"));
        let pod = of(self.security("seccompProfile"));
        for container in self.containers() {
            let own = of(container.security("seccompProfile"));
            if own.is_none() && !pod.is_some_and(is_confined) {
                let field = "securityContext.seccompProfile.type";
                self.breaks("Seccomp", container, field, None);
            }
        }
    }

    fn non_root(&mut self) {
        let control = "Running as Non-root";
        let pod = self.security("runAsNonRoot");
        let pod_value = pod.and_then(Datum::as_bool);
        if pod_value == Some(false) {
            self.pod_breaks(control, "spec.securityContext.runAsNonRoot", pod);
        }
        for container in self.containers() {
            let own = container.security("runAsNonRoot");
            let bad = match own.and_then(Datum::as_bool) {
                Some(value) => !value,
                None => pod_value != Some(true),
            };
            if bad {
                self.breaks(control, container, "securityContext.runAsNonRoot", own);
            }
        }
    }

    fn users(&mut self) {
        let control = "Running as Non-root user";
        let is_root = |user: Option<Datum<'a>>| {
            user.and_then(build::as_number)
                .is_some_and(|user| user == 0.0)
        };
        let pod = self.security("runAsUser");
        if is_root(pod) {
            self.pod_breaks(control, "spec.securityContext.runAsUser", pod);
        }
        for container in self.containers() {
            let own = container.security("runAsUser");
            if is_root(own) {
                self.breaks(control, container, "securityContext.runAsUser", own);
            }
        }
    }
}

fn is_confined(profile: Datum<'_>) -> bool {
    matches!(profile.as_text(), Some("RuntimeDefault" | "Localhost"))
}
