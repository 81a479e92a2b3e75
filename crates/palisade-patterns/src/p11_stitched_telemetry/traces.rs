//! Signs that a workload emits traces.

use palisade_model::{Container, ControlKind, EnvSource, Workload};

use crate::container_view::is_true;
use crate::context::Context;

/// Starts of variables that set a tracing library up.
const VARIABLES: [&str; 6] = [
    "OTEL_",
    "DD_TRACE",
    "DD_AGENT_HOST",
    "JAEGER_",
    "ZIPKIN_",
    "ELASTIC_APM_",
];

/// Whether the workload, or the mesh for it, emits traces.
pub(super) fn emits(context: &Context<'_>, workload: &Workload) -> bool {
    let instrumented = workload.pod_annotations.iter().any(|(key, value)| {
        key.starts_with("instrumentation.opentelemetry.io/inject-") && value != "false"
    });
    instrumented
        || workload.containers.iter().any(has_variables)
        || (workload.mesh.is_member() && mesh_traces(context, workload))
}

fn has_variables(container: &Container) -> bool {
    container.env.iter().any(|variable| {
        let off = match &variable.source {
            EnvSource::Literal {
                value: Some(value), ..
            } => matches!(value.as_str(), "" | "0" | "false" | "off" | "none"),
            _ => false,
        };
        let known = VARIABLES
            .iter()
            .any(|start| variable.name.starts_with(start))
            || variable.name.contains("TRACING");
        // `OTEL_SDK_DISABLED=true` and `DISABLE_TRACING=1` say the contrary.
        known && !off && !variable.name.contains("DISABLE")
    })
}

/// Whether a Telemetry object that holds for the workload turns tracing on.
fn mesh_traces(context: &Context<'_>, workload: &Workload) -> bool {
    context
        .model
        .active_controls()
        .any(|control| match &control.kind {
            ControlKind::Telemetry(telemetry) => {
                let scope = &telemetry.scope;
                let near = scope.root || scope.namespace == workload.namespace;
                let selected = scope
                    .selector
                    .as_ref()
                    .is_none_or(|selector| selector.matches(&workload.pod_labels));
                near && selected && is_true(telemetry.tracing.as_ref())
            }
            _ => false,
        })
}
