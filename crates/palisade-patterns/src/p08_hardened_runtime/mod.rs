//! Least runtime rights for containers.

use palisade_model::{Coverage, PatternId};

use crate::container_view::{ContainerView, views};
use crate::context::Context;
use crate::coverage::count;
use crate::registry::Pattern;

mod capabilities_not_dropped;
mod dangerous_capability;
mod default_namespace;
mod host_namespace;
mod host_path;
mod host_port;
mod image_runs_as_root;
mod low_user_id;
mod no_health_probe;
mod no_resource_limits;
mod no_resource_requests;
mod no_seccomp_profile;
mod privilege_escalation;
mod privileged_container;
mod root_group;
mod runs_as_root;
mod selinux_options;
mod shared_process_namespace;
mod ssh_exposed;
mod sudo_in_image;
mod unconfined_profile;
mod unmasked_proc;
mod unsafe_sysctl;
mod windows_host_process;
mod world_writable_files;
mod writable_root_filesystem;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::HARDENED_RUNTIME,
    coverage,
    units: &[
        privileged_container::UNIT,
        host_namespace::UNIT,
        host_path::UNIT,
        runs_as_root::UNIT,
        privilege_escalation::UNIT,
        capabilities_not_dropped::UNIT,
        writable_root_filesystem::UNIT,
        no_seccomp_profile::UNIT,
        no_resource_limits::UNIT,
        dangerous_capability::UNIT,
        unconfined_profile::UNIT,
        unsafe_sysctl::UNIT,
        unmasked_proc::UNIT,
        host_port::UNIT,
        shared_process_namespace::UNIT,
        image_runs_as_root::UNIT,
        sudo_in_image::UNIT,
        no_health_probe::UNIT,
        selinux_options::UNIT,
        windows_host_process::UNIT,
        ssh_exposed::UNIT,
        no_resource_requests::UNIT,
        default_namespace::UNIT,
        root_group::UNIT,
        world_writable_files::UNIT,
        low_user_id::UNIT,
    ],
};

fn coverage(context: &Context<'_>) -> Coverage {
    let containers = context.model.workloads.iter().flat_map(views);
    count(containers, ContainerView::is_restricted)
}
