//! Why one end reaches another or not: every rule that decides, where it stands, and what would
//! cut the connection.

use std::fmt::Write as _;

use palisade_analysis::Analysis;
use palisade_analysis::mesh::{Caller, Effect, MeshCall, MeshRule, MtlsScope, Verdict};
use palisade_analysis::reachability::{ConnectionSet, Deciding, Explanation, Tier};
use palisade_model::{MtlsMode, NetworkAction, NodeId, Origin, Protocol};
use serde_json::{Value, json};

/// The pair with everything that decides.
pub(super) fn pair(out: &mut String, analysis: &Analysis<'_>, (from, to): (&NodeId, &NodeId)) {
    let explanation = analysis.reachability.explain(from, to);
    let calls = calls(analysis, (from, to), &explanation.allowed);
    let _infallible = writeln!(
        out,
        "{} → {}: {}",
        from.name(),
        to.name(),
        headline(&explanation.allowed, &calls)
    );
    rules(out, (from, to), &explanation);
    mesh(out, &calls);
    cuts(out, (from, to), (&explanation, &calls));
}

/// The same for a program.
pub(super) fn json(analysis: &Analysis<'_>, (from, to): (&NodeId, &NodeId)) -> Value {
    let explanation = analysis.reachability.explain(from, to);
    let calls = calls(analysis, (from, to), &explanation.allowed);
    let side = |decisions: &[Deciding<'_>]| -> Vec<Value> {
        decisions
            .iter()
            .map(|one| {
                let place = one.rule.map(|rule| &rule.origin);
                json!({
                    "connections": one.connections.to_string(),
                    "action": one.action,
                    "tier": one.tier.word(),
                    "policy": one.policy.map(|policy| &policy.id),
                    "origin": place.or(one.policy.map(|policy| &policy.origin)),
                })
            })
            .collect()
    };
    json!({
        "from": from,
        "to": to,
        "allowed": explanation.allowed.to_string(),
        "egress": side(&explanation.egress),
        "ingress": side(&explanation.ingress),
        "mesh": calls.iter().map(call_json).collect::<Vec<_>>(),
    })
}

fn call_json(call: &MeshCall<'_>) -> Value {
    let rules: Vec<Value> = call
        .decision
        .deciding()
        .map(|rule| json!({ "control": rule.control.id, "rule": rule.number, "origin": rule.origin }))
        .collect();
    let conditions = match &call.decision.verdict {
        Verdict::Conditional(effects) => effects.as_slice(),
        _ => &[],
    };
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|effect| json!({ "effect": effect_word(effect.effect), "when": effect.when.words() }))
        .collect();
    json!({
        "port": call.port,
        "mutual_tls": call.mtls.mode,
        "mutual_tls_by": call.mtls.decided_by.map(|control| &control.id),
        "identity": call.identity,
        "may_pass": call.decision.may_pass(),
        "conditions": conditions,
        "rules": rules,
    })
}

fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::AllowedWhen => "passes",
        Effect::DeniedWhen => "refused",
        Effect::DelegatedWhen => "left to an outside provider",
    }
}

/// What the mesh does on the ports that network policies let through.
fn calls<'m>(
    analysis: &Analysis<'m>,
    (from, to): (&NodeId, &NodeId),
    allowed: &ConnectionSet,
) -> Vec<MeshCall<'m>> {
    let caller = if analysis.model.workload(from).is_some() {
        Caller::Workload(from)
    } else {
        Caller::Internet
    };
    let mut calls = analysis.mesh.calls(caller, to);
    calls.retain(|call| {
        call.mtls.scope != MtlsScope::OutsideMesh && allowed.contains(Protocol::Tcp, call.port)
    });
    calls
}

fn headline(allowed: &ConnectionSet, calls: &[MeshCall<'_>]) -> String {
    if allowed.is_empty() {
        return "no connection".to_owned();
    }
    let refused: Vec<String> = calls
        .iter()
        .filter(|call| !call.decision.may_pass())
        .map(|call| call.port.to_string())
        .collect();
    match refused.len() {
        0 => allowed.to_string(),
        all if all == calls.len() => {
            format!("{allowed} by network policy, refused by the mesh on every declared port")
        }
        _ => format!(
            "{allowed} by network policy, refused by the mesh on {}",
            refused.join(", ")
        ),
    }
}

fn rules(out: &mut String, (from, to): (&NodeId, &NodeId), explanation: &Explanation<'_>) {
    let sides = [
        ("leaving", from, &explanation.egress),
        ("arriving at", to, &explanation.ingress),
    ];
    for (word, end, decisions) in sides {
        if decisions.is_empty() {
            continue;
        }
        let _infallible = writeln!(out, "  {word} {}", end.name());
        let (closing, others): (Vec<_>, Vec<_>) = decisions
            .iter()
            .partition(|one| one.policy.is_some() && one.rule.is_none());
        let some = !others.is_empty();
        for decision in others {
            let _infallible = writeln!(out, "    {}", decided(decision));
        }
        closed(
            out,
            &closing,
            if some {
                "everything else"
            } else {
                "everything"
            },
        );
    }
}

/// What no rule matches is denied by every policy that selects the pods.
fn closed(out: &mut String, closing: &[&Deciding<'_>], what: &str) {
    let mut policies = closing.iter().filter_map(|one| one.policy);
    if let Some(first) = policies.next() {
        let _infallible = writeln!(
            out,
            "    {what} denied: no rule matches in `{}`   {}",
            first.id.name(),
            first.origin
        );
    }
    for policy in policies {
        let _infallible = writeln!(
            out,
            "      nor in `{}`   {}",
            policy.id.name(),
            policy.origin
        );
    }
}

fn decided(decision: &Deciding<'_>) -> String {
    let action = match decision.action {
        NetworkAction::Allow => "allowed",
        NetworkAction::Deny => "denied",
        NetworkAction::Pass => "passed on",
    };
    let connections = &decision.connections;
    match (decision.policy, decision.rule) {
        (Some(policy), Some(rule)) => {
            format!(
                "{connections} {action} by `{}` ({})   {}",
                policy.id.name(),
                decision.tier.word(),
                rule.origin
            )
        }
        _ => format!("{connections} {action}: no policy says anything"),
    }
}

/// The mesh's part; ports that are treated alike stand together.
fn mesh(out: &mut String, calls: &[MeshCall<'_>]) {
    let mut groups: Vec<(Vec<String>, String)> = Vec::new();
    for call in calls {
        let text = call_text(call);
        let port = call.port.to_string();
        match groups.iter_mut().find(|(_, known)| *known == text) {
            Some((ports, _)) => ports.push(port),
            None => groups.push((vec![port], text)),
        }
    }
    for (ports, text) in groups {
        let _infallible = write!(out, "  in the mesh on TCP {}\n{text}", ports.join(","));
    }
}

fn call_text(call: &MeshCall<'_>) -> String {
    let mut out = String::new();
    let tls = match call.mtls.mode {
        MtlsMode::Strict => "required",
        MtlsMode::Permissive | MtlsMode::Unset => "accepted but not required",
        MtlsMode::Disable => "off",
    };
    let decided = match call.mtls.decided_by {
        Some(control) => format!(
            " {} by `{}`   {}",
            call.mtls.scope.words(),
            control.id.name(),
            control.origin
        ),
        None => format!(" {}", call.mtls.scope.words()),
    };
    let _infallible = writeln!(out, "    mutual TLS is {tls}{decided}");
    let caller = match (&call.identity, call.turned_off_by) {
        (Some(identity), _) => format!("the caller proves that it is `{identity}`"),
        (None, Some(rule)) => format!(
            "the caller proves nothing: `{}` turns its mutual TLS off   {}",
            rule.id.name(),
            rule.origin
        ),
        (None, None) => "the caller proves no identity".to_owned(),
    };
    let _infallible = writeln!(out, "    {caller}");
    match &call.decision.verdict {
        Verdict::Conditional(effects) => {
            for effect in effects {
                let word = effect_word(effect.effect);
                let when = effect.when.words();
                let when = if when.is_empty() {
                    when
                } else {
                    format!(" when {when}")
                };
                let _infallible = writeln!(out, "    {word}{when}");
            }
        }
        verdict => {
            let word = match verdict {
                Verdict::Denied => "refused",
                _ => "passes",
            };
            let reasons = call.decision.reasons.join("; ");
            let _infallible = writeln!(out, "    {word}: {reasons}");
        }
    }
    for rule in call.decision.deciding() {
        let _infallible = writeln!(out, "      by {}", rule_text(&rule));
    }
    out
}

fn rule_text(rule: &MeshRule<'_>) -> String {
    let number = rule
        .number
        .map_or_else(String::new, |number| format!(", rule {number}"));
    format!("`{}`{number}   {}", rule.control.id.name(), rule.origin)
}

/// What would cut a connection that is open.
fn cuts(
    out: &mut String,
    (from, to): (&NodeId, &NodeId),
    (explanation, calls): (&Explanation<'_>, &[MeshCall<'_>]),
) {
    let refused = !calls.is_empty() && calls.iter().all(|call| !call.decision.may_pass());
    if explanation.allowed.is_empty() || refused {
        return;
    }
    let allowed = &explanation.allowed;
    let mut ways: Vec<String> = [
        (&explanation.ingress, to, "Ingress"),
        (&explanation.egress, from, "Egress"),
    ]
    .into_iter()
    .filter_map(|(decisions, end, direction)| network_cut(decisions, allowed, (end, direction)))
    .collect();
    ways.extend(mesh_cut(calls, to));
    let mut word = "to cut it: ";
    for way in ways {
        let _infallible = writeln!(out, "  {word}{way}");
        word = "       or: ";
    }
}

/// How one side would close; `None` where no policy can reach that end.
fn network_cut(
    decisions: &[Deciding<'_>],
    allowed: &ConnectionSet,
    (end, direction): (&NodeId, &str),
) -> Option<String> {
    let letting: Vec<&Deciding<'_>> = decisions
        .iter()
        .filter(|one| one.action == NetworkAction::Allow)
        .filter(|one| !one.connections.intersect(allowed).is_empty())
        .collect();
    if letting.is_empty() || end.as_str().starts_with("actor:") {
        return None;
    }
    if letting.iter().any(|one| one.policy.is_none()) {
        return Some(format!(
            "add a NetworkPolicy for `{}` with `policyTypes: [{direction}]` that lists what it needs",
            end.name()
        ));
    }
    let admin = letting.iter().any(|one| one.tier != Tier::Namespaced);
    let places: Vec<String> = letting
        .iter()
        .filter_map(|one| one.rule.map(|rule| rule.origin.to_string()))
        .collect();
    Some(if admin {
        format!("deny it where it is allowed: {}", places.join(", "))
    } else {
        format!("take the peer out of {}", places.join(" and "))
    })
}

fn mesh_cut(calls: &[MeshCall<'_>], to: &NodeId) -> Option<String> {
    let mut allowing: Vec<&Origin> = calls
        .iter()
        .flat_map(|call| call.decision.deciding().collect::<Vec<_>>())
        .filter(|rule| rule.effect == Some(Effect::AllowedWhen) && rule.number.is_some())
        .map(|rule| rule.origin)
        .collect();
    allowing.sort_unstable();
    allowing.dedup();
    if calls.is_empty() {
        return None;
    }
    Some(if allowing.is_empty() {
        format!(
            "add an AuthorizationPolicy for `{}` that lists its callers",
            to.name()
        )
    } else {
        let places: Vec<String> = allowing.iter().map(ToString::to_string).collect();
        format!("take the caller out of {}", places.join(" and "))
    })
}
