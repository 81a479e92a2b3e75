//! Istio's authorization: CUSTOM, then DENY, then ALLOW, at each proxy on the way.

use palisade_model::{AuthorizationAction, AuthorizationPolicy, Control};

use crate::mesh::rule::{Request, alternatives, both};
use crate::mesh::{ConditionalEffect, Effect, MeshDecision, RequestConditions, Verdict};

/// A policy that applies, with its control.
pub(crate) type Applied<'m> = (&'m Control, &'m AuthorizationPolicy);

/// A rule that matches under a condition.
struct Matched<'m> {
    control: &'m Control,
    rule: usize,
    when: RequestConditions,
}

/// What one proxy decides with its policies.
pub(crate) fn decide<'m>(policies: &[Applied<'m>], request: &Request<'_>) -> MeshDecision<'m> {
    let custom = matched(policies, AuthorizationAction::Custom, request);
    let deny = matched(policies, AuthorizationAction::Deny, request);
    if let Some(sure) = deny.iter().find(|found| found.when.is_empty()) {
        let reason = format!("`{}` refuses it", sure.control.name);
        return verdict(
            Verdict::Denied,
            vec![(sure.control, Some(sure.rule))],
            reason,
        );
    }
    let allowing: Vec<&Control> = policies
        .iter()
        .filter(|(_, policy)| policy.action == AuthorizationAction::Allow)
        .map(|(control, _)| *control)
        .collect();
    let allow = matched(policies, AuthorizationAction::Allow, request);
    if !allowing.is_empty() && allow.is_empty() {
        let rules = allowing.into_iter().map(|control| (control, None));
        let reason = "no rule of the workload's allow policies matches".to_owned();
        return verdict(Verdict::Denied, rules.collect(), reason);
    }
    let sure = allow.iter().position(|found| found.when.is_empty());
    let allow: Vec<Matched<'m>> = match sure {
        Some(at) => allow.into_iter().skip(at).take(1).collect(),
        None => allow,
    };
    let mut rules = Vec::new();
    let mut effects = Vec::new();
    let layers = [
        (Effect::DelegatedWhen, custom),
        (Effect::DeniedWhen, deny),
        (Effect::AllowedWhen, allow),
    ];
    for (effect, found) in layers {
        for Matched {
            control,
            rule,
            when,
        } in found
        {
            rules.push((control, Some(rule)));
            if effect != Effect::AllowedWhen || !when.is_empty() {
                effects.push(ConditionalEffect { effect, when });
            }
        }
    }
    effects.sort();
    effects.dedup();
    let reason = match (effects.is_empty(), allowing.is_empty()) {
        (true, true) => "no policy refuses it and none lists what is allowed",
        (true, false) => "a rule allows it",
        (false, _) => "it depends on the request",
    };
    let found = if effects.is_empty() {
        Verdict::Allowed
    } else {
        Verdict::Conditional(effects)
    };
    verdict(found, rules, reason.to_owned())
}

fn matched<'m>(
    policies: &[Applied<'m>],
    action: AuthorizationAction,
    request: &Request<'_>,
) -> Vec<Matched<'m>> {
    let mut found = Vec::new();
    for (control, policy) in policies {
        if policy.action != action {
            continue;
        }
        let request = Request {
            policy_namespace: &policy.scope.namespace,
            ..*request
        };
        for (index, rule) in policy.rules.iter().enumerate() {
            for when in alternatives(rule, action, &request) {
                found.push(Matched {
                    control,
                    rule: index,
                    when,
                });
            }
        }
    }
    found
}

fn verdict(
    verdict: Verdict,
    mut rules: Vec<(&Control, Option<usize>)>,
    reason: String,
) -> MeshDecision<'_> {
    rules.dedup_by(|a, b| a.0.id == b.0.id && a.1 == b.1);
    MeshDecision {
        verdict,
        rules,
        reasons: vec![reason],
    }
}

/// Both proxies must let a request through.
pub(crate) fn in_turn<'m>(first: MeshDecision<'m>, second: MeshDecision<'m>) -> MeshDecision<'m> {
    let (mut rules, mut reasons) = (first.rules, first.reasons);
    let joined = match (first.verdict, second.verdict) {
        (Verdict::Denied, _) => {
            return MeshDecision {
                verdict: Verdict::Denied,
                rules,
                reasons,
            };
        }
        (_, Verdict::Denied) => {
            return MeshDecision {
                verdict: Verdict::Denied,
                rules: second.rules,
                reasons: second.reasons,
            };
        }
        (Verdict::Allowed, other) | (other, Verdict::Allowed) => other,
        (Verdict::Conditional(one), Verdict::Conditional(two)) => both_effects(one, two),
    };
    rules.extend(second.rules);
    reasons.extend(second.reasons);
    MeshDecision {
        verdict: joined,
        rules,
        reasons,
    }
}

fn both_effects(one: Vec<ConditionalEffect>, two: Vec<ConditionalEffect>) -> Verdict {
    let is_allow = |found: &ConditionalEffect| found.effect == Effect::AllowedWhen;
    let (allow_one, rest_one): (Vec<_>, Vec<_>) = one.into_iter().partition(is_allow);
    let (allow_two, rest_two): (Vec<_>, Vec<_>) = two.into_iter().partition(is_allow);
    let mut joined: Vec<ConditionalEffect> = rest_one.into_iter().chain(rest_two).collect();
    let lists = !allow_one.is_empty() && !allow_two.is_empty();
    if lists {
        for first in &allow_one {
            joined.extend(allow_two.iter().filter_map(|second| {
                Some(ConditionalEffect {
                    effect: Effect::AllowedWhen,
                    when: both(first.when.clone(), second.when.clone())?,
                })
            }));
        }
    } else {
        joined.extend(allow_one.into_iter().chain(allow_two));
    }
    let allows = joined.iter().any(is_allow);
    if lists && !allows {
        // What one proxy lets through the other does not.
        return Verdict::Denied;
    }
    joined.sort();
    joined.dedup();
    Verdict::Conditional(joined)
}
