//! Tests of the controls on small pods of our own.

use bumpalo::Bump;
use palisade_document::Syntax;

use super::*;
use crate::budget::{Budget, Meter};
use crate::context::{Context, Effects};
use crate::languages::kyverno::jmespath::read_text;
use crate::languages::kyverno::request::Request;

fn judge(block: &str, pod: &str) -> (Status, String) {
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
    let read = |text| read_text(&context, text, Syntax::Yaml).unwrap();
    let request = Request::create(read(pod));
    let scope = Scope::new(&context, &request);
    let security = PodSecurity::read(read(block));
    let response = security.judge(&scope, "r", &[]).unwrap();
    (response.status, response.message)
}

const ROOT: &str = "{kind: Pod, spec: {hostPID: true, containers: [{name: a, image: 'x/a:1', \
                    securityContext: {privileged: true}}]}}";

#[test]
fn a_level_names_each_field_that_breaks_it() {
    let (status, message) = judge("{level: baseline}", ROOT);
    assert_eq!(status, Status::Fail);
    assert!(
        message.contains("Host Namespaces (spec.hostPID)"),
        "{message}"
    );
    assert!(message.contains("spec.containers[0].securityContext.privileged"));
    assert!(!message.contains("Seccomp"));
    let (_, message) = judge("{level: restricted}", ROOT);
    assert!(message.contains("Seccomp") && message.contains("Running as Non-root"));
    assert_eq!(judge("{level: privileged}", ROOT).0, Status::Pass);
    assert_eq!(judge("{level: odd}", ROOT).0, Status::Error);
}

#[test]
fn a_hardened_pod_passes() {
    let pod = "{kind: Pod, spec: {securityContext: {runAsNonRoot: true, seccompProfile: {type: \
               RuntimeDefault}}, containers: [{name: a, securityContext: \
               {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}";
    assert_eq!(
        judge("{level: restricted, version: latest}", pod).0,
        Status::Pass
    );
}

#[test]
fn exclusions_take_controls_out_for_images_and_fields() {
    let block = "{level: baseline, exclude: [{controlName: Host Namespaces, restrictedField: \
                 spec.hostPID}, {controlName: Privileged Containers, images: ['x/*']}]}";
    assert_eq!(judge(block, ROOT).0, Status::Pass);
    let block = "{level: baseline, exclude: [{controlName: Host Namespaces}, {controlName: \
                 Privileged Containers, images: ['y/*']}]}";
    assert_eq!(judge(block, ROOT).0, Status::Fail);
    assert_eq!(starred("spec.containers[12].x9"), "spec.containers[*].x9");
}

/// A pod that keeps the restricted level but for its containers' fields.
fn restricted(pod: &str, containers: &[&str]) -> String {
    let containers: Vec<String> = containers
        .iter()
        .enumerate()
        .map(|(at, own)| {
            format!(
                "{{name: c{at}, image: 'x/a:1', securityContext: {{capabilities: {{drop: [ALL]}}, \
                 {own}}}}}"
            )
        })
        .collect();
    format!(
        "{{kind: Pod, spec: {{{pod}, containers: [{}]}}}}",
        containers.join(", ")
    )
}

const SAFE: &str = "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}";

#[test]
fn a_field_that_is_missing_is_no_value_that_an_exclusion_names() {
    let block = "{level: restricted, exclude: [{controlName: Privilege Escalation, images: \
                 ['x/*'], restrictedField: \
                 'spec.containers[*].securityContext.allowPrivilegeEscalation', values: \
                 ['true']}]}";
    let judge = |own| judge(block, &restricted(SAFE, &[own])).0;
    assert_eq!(judge("allowPrivilegeEscalation: true"), Status::Pass);
    assert_eq!(judge("privileged: false"), Status::Fail);
}

#[test]
fn an_exclusion_without_images_covers_one_container_that_says_nothing() {
    let block = "{level: restricted, exclude: [{controlName: Seccomp}]}";
    let own = "allowPrivilegeEscalation: false";
    let pod = "securityContext: {runAsNonRoot: true}";
    assert_eq!(judge(block, &restricted(pod, &[own])).0, Status::Pass);
    assert_eq!(judge(block, &restricted(pod, &[own, own])).0, Status::Fail);
    let bad = "allowPrivilegeEscalation: false, seccompProfile: {type: Unconfined}";
    assert_eq!(judge(block, &restricted(pod, &[bad])).0, Status::Fail);
    let pod = "securityContext: {runAsNonRoot: true, seccompProfile: {type: Odd}}";
    assert_eq!(judge(block, &restricted(pod, &[own])).0, Status::Pass);
}

#[test]
fn a_container_of_a_pod_that_may_run_as_root_says_so_itself() {
    let block = "{level: restricted, exclude: [{controlName: Running as Non-root, restrictedField: \
                 spec.securityContext.runAsNonRoot, values: ['false']}]}";
    let pod = "securityContext: {runAsNonRoot: false, seccompProfile: {type: RuntimeDefault}}";
    let own = "allowPrivilegeEscalation: false";
    assert_eq!(judge(block, &restricted(pod, &[own])).0, Status::Fail);
    let own = "allowPrivilegeEscalation: false, runAsNonRoot: true";
    assert_eq!(judge(block, &restricted(pod, &[own])).0, Status::Pass);
}

#[test]
fn the_kind_of_a_volume_is_excluded_whatever_it_holds() {
    let block = "{level: restricted, exclude: [{controlName: Volume Types, restrictedField: \
                 'spec.volumes[*].flexVolume', values: [driver]}]}";
    let pod = format!("{SAFE}, volumes: [{{name: v, flexVolume: {{driver: d}}}}]");
    let own = "allowPrivilegeEscalation: false";
    assert_eq!(judge(block, &restricted(&pod, &[own])).0, Status::Pass);
}
