//! Runtime rights of pods and containers.

use palisade_document::Value;
use palisade_model::{Capabilities, Fact, PodSecurity, SecurityContext};

use crate::object::Object;

/// Runtime rights of a pod.
pub(super) fn pod<'d>(object: &Object<'d>, spec: Value<'d>) -> PodSecurity {
    let flag = |key: &str| object.flag_in(spec, &[key]);
    let sysctls = spec.at(&["securityContext", "sysctls"]);
    PodSecurity {
        host_network: flag("hostNetwork"),
        host_pid: flag("hostPID"),
        host_ipc: flag("hostIPC"),
        host_users: flag("hostUsers"),
        share_process_namespace: flag("shareProcessNamespace"),
        context: context(object, spec),
        fs_group: object.number_in(spec, &["securityContext", "fsGroup"]),
        sysctls: sysctls.map_or_else(Vec::new, |list| {
            list.items()
                .filter_map(|item| object.text_in(item, &["name"]))
                .collect()
        }),
    }
}

/// The `securityContext` of a pod spec or container.
pub(super) fn context<'d>(object: &Object<'d>, holder: Value<'d>) -> SecurityContext {
    let Some(block) = holder.get("securityContext") else {
        return SecurityContext::default();
    };
    let flag = |key: &str| object.flag_in(block, &[key]);
    let number = |key: &str| object.number_in(block, &[key]);
    let text = |path: &[&str]| object.text_in(block, path);
    SecurityContext {
        origin: Some(object.origin_of(block)),
        privileged: flag("privileged"),
        allow_privilege_escalation: flag("allowPrivilegeEscalation"),
        read_only_root_filesystem: flag("readOnlyRootFilesystem"),
        run_as_non_root: flag("runAsNonRoot"),
        run_as_user: number("runAsUser"),
        run_as_group: number("runAsGroup"),
        capabilities: Capabilities {
            add: capabilities(object, block, "add"),
            drop: capabilities(object, block, "drop"),
        },
        seccomp: text(&["seccompProfile", "type"]),
        app_armor: text(&["appArmorProfile", "type"]),
        selinux_type: text(&["seLinuxOptions", "type"]),
        selinux_user_or_role: text(&["seLinuxOptions", "user"])
            .or_else(|| text(&["seLinuxOptions", "role"])),
        proc_mount: text(&["procMount"]),
        host_process: object.flag_in(block, &["windowsOptions", "hostProcess"]),
    }
}

/// The older way to name an AppArmor profile: an annotation of the pod, by container.
pub(super) fn annotated_app_armor<'d>(
    object: &Object<'d>,
    metadata: Value<'d>,
    container: &str,
) -> Option<Fact<String>> {
    let key = format!("container.apparmor.security.beta.kubernetes.io/{container}");
    let written = object.text_in(metadata, &["annotations", &key])?;
    let profile = match written.value.as_str() {
        "runtime/default" => "RuntimeDefault",
        "unconfined" => "Unconfined",
        _ => "Localhost",
    };
    Some(Fact::new(profile.to_owned(), written.origin))
}

fn capabilities<'d>(object: &Object<'d>, block: Value<'d>, list: &str) -> Vec<Fact<String>> {
    let written = object.texts_in(block, &["capabilities", list]);
    let canonical = |fact: Fact<String>| {
        let upper = fact.value.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        Fact::new(name.to_owned(), fact.origin)
    };
    written.into_iter().map(canonical).collect()
}
