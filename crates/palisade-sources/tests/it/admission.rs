//! Admission policies that hold only in part, or not at all.

use palisade_model::{ControlKind, Enforcement};
use palisade_sources::{Options, Reading, read_texts};

fn read(text: &str) -> Reading {
    read_texts(&[("all.yaml", text)], &Options::default())
}

fn enforcement(reading: &Reading) -> Vec<(&str, Enforcement)> {
    let admission = reading.model.controls.iter().filter_map(|control| {
        let ControlKind::Admission(policy) = &control.kind else {
            return None;
        };
        Some((control.name.as_str(), policy.enforcement.value))
    });
    admission.collect()
}

const POLICY: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: v}\nspec: {matchConstraints: {resourceRules: [{resources: [pods, deployments]}]}}\n";

fn binding(name: &str, policy: &str, actions: &str) -> String {
    format!(
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: {name}}}\nspec: {{policyName: {policy}, validationActions: [{actions}]}}\n"
    )
}

#[test]
fn a_policy_without_a_binding_enforces_nothing() {
    let reading = read(POLICY);
    assert_eq!(enforcement(&reading), [("v", Enforcement::Unbound)]);
}

#[test]
fn a_policy_is_as_strong_as_the_strongest_of_its_bindings() {
    let audited = format!("{POLICY}{}", binding("a", "v", "Audit, Warn"));
    assert_eq!(enforcement(&read(&audited)), [("v", Enforcement::Audit)]);
    let denied = format!("{audited}{}", binding("b", "v", "Deny"));
    let reading = read(&denied);
    assert_eq!(enforcement(&reading), [("v", Enforcement::Deny)]);
    let ControlKind::Admission(policy) = &reading.model.controls[0].kind else {
        panic!()
    };
    assert_eq!(policy.kinds, ["Deployment", "Pod"]);
    // The place is the word of the binding that decides.
    assert_eq!(policy.enforcement.origin.start.line, 14);
}

#[test]
fn a_binding_of_a_policy_that_is_not_there_enforces_nothing_and_is_told() {
    let reading = read(&binding("a", "elsewhere", "Deny"));
    assert_eq!(enforcement(&reading), [("a", Enforcement::Unbound)]);
    assert!(reading.diagnostics[0].message.contains("no file declares"));
}

#[test]
fn a_kyverno_policy_that_is_turned_off_at_admission_only_reports() {
    let reading = read(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\nspec: {admission: false, rules: [{name: r, validate: {failureAction: Enforce}}]}\n",
    );
    assert_eq!(enforcement(&reading), [("a", Enforcement::Audit)]);
}

#[test]
fn a_rule_of_kyverno_goes_before_its_policy() {
    let reading = read(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\nspec: {validationFailureAction: Enforce, rules: [{name: r, validate: {failureAction: Audit}}]}\n",
    );
    assert_eq!(enforcement(&reading), [("a", Enforcement::Audit)]);
}

#[test]
fn scoped_constraints_refuse_only_at_admission() {
    let constraint = |point: &str| {
        read(&format!(
            "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sX\nmetadata: {{name: c}}\nspec: {{enforcementAction: scoped, scopedEnforcementActions: [{{action: warn, enforcementPoints: [{{name: '*'}}]}}, {{action: deny, enforcementPoints: [{{name: {point}}}]}}]}}\n"
        ))
    };
    let at_webhook = constraint("validation.gatekeeper.sh");
    assert_eq!(enforcement(&at_webhook), [("c", Enforcement::Deny)]);
    let in_tests = constraint("gator.gatekeeper.sh");
    assert_eq!(enforcement(&in_tests), [("c", Enforcement::Audit)]);
}

#[test]
fn namespaces_in_which_a_policy_only_reports_are_told_apart() {
    let reading = read(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\nspec:\n  validationFailureAction: Enforce\n  validationFailureActionOverrides: [{action: Audit, namespaces: [dev, test]}, {action: Enforce, namespaces: [prod]}]\n  rules: [{name: r, validate: {message: m}}]\n",
    );
    assert_eq!(
        enforcement(&reading),
        [
            ("a", Enforcement::Deny),
            ("a in dev, test", Enforcement::Audit)
        ]
    );
}
