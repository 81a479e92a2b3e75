//! One finding: its source, the path that leads to what it is about, and the rules that decide.

use std::fmt::Write as _;

use palisade_analysis::Analysis;
use palisade_analysis::exposure::{AuthState, Door};
use palisade_analysis::mesh::{Caller, MtlsScope, Verdict};
use palisade_analysis::reachability::Deciding;
use palisade_model::{
    Control, ControlKind, EdgeKind, Finding, MtlsMode, NetworkAction, NodeId, Origin, Port,
    Severity,
};
use palisade_report::Assessment;

use crate::arguments::{Global, SourceArguments};
use crate::assess::{Comments, Completeness, Request, assess_with};
use crate::failure::UsageError;
use crate::output;
use crate::selection::Selection;
use crate::session::Session;

/// Digits of a finding's name.
const DIGITS: usize = 8;

/// The name of a finding, if a word can be one: eight hexadecimal digits.
pub(super) fn name(word: &str) -> Option<String> {
    let fits = word.len() == DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| word.to_ascii_lowercase())
}

pub(super) fn run(id: &str, sources: &SourceArguments, global: &Global) -> anyhow::Result<u8> {
    let session = Session::open(sources, global)?;
    let analysis = Analysis::of(&session.reading.model);
    let request = Request {
        selection: Selection::of(&[], &[])?,
        fail_on: session.settings.fail_on.unwrap_or(Severity::High),
        completeness: Completeness::Tolerant,
        comments: Comments::Honoured,
        today: global.today(),
        now_ns: global.now_ns(),
    };
    let assessment = assess_with(&session, &analysis, &request);
    let accepted = assessment.excepted.iter().map(|excepted| &excepted.finding);
    let known: Vec<&Finding> = assessment
        .findings
        .iter()
        .chain(accepted)
        .filter(|finding| finding.id == id)
        .collect();
    if known.is_empty() {
        let error = UsageError::new(format!("no finding here is called `{id}`"));
        let help = "`palisade check -v` shows the name of each, and the paths have to be the same";
        return Err(error.help(Some(help.to_owned())).into());
    }
    let mut text = String::new();
    for finding in known {
        text.push_str(&palisade_report::render_finding(
            finding,
            &assessment,
            session.texts(),
        ));
        text.push('\n');
        about(&mut text, finding, &assessment, &analysis);
    }
    output::data(&text, 0, global.color)
}

fn about(out: &mut String, finding: &Finding, assessment: &Assessment, analysis: &Analysis<'_>) {
    let _infallible = writeln!(out, "\nsubject   {}", finding.subject);
    if !finding.part.is_empty() {
        let _infallible = writeln!(out, "part      {}", finding.part);
    }
    if !finding.content.is_empty() {
        let _infallible = writeln!(out, "content   {}", finding.content);
    }
    let of_it = |excepted: &&palisade_report::Excepted| excepted.finding.id == finding.id;
    if let Some(excepted) = assessment.excepted.iter().find(of_it) {
        let exception = &excepted.exception;
        let _infallible = writeln!(
            out,
            "excepted  until {} ({}): {}   {}",
            exception.expires, exception.owner, exception.reason, exception.origin
        );
    }
    paths(out, &finding.subject, analysis);
}

/// The ways from the internet that pass the subject, the shortest that ends there first.
fn paths(out: &mut String, subject: &NodeId, analysis: &Analysis<'_>) {
    let all = analysis.exposure.reach_from_internet();
    let ends = all.iter().find(|path| path.target == *subject);
    let passes = || all.iter().find(|path| path.hops.contains(subject));
    let Some(path) = ends.or_else(passes) else {
        return;
    };
    let names: Vec<&str> = path.hops.iter().map(NodeId::name).collect();
    let _infallible = writeln!(out, "\npath      internet → {}", names.join(" → "));
    for (from, to) in path.hops.iter().zip(path.hops.iter().skip(1)) {
        let _infallible = writeln!(out, "\n{} → {}", from.name(), to.name());
        let mut doors = analysis.exposure.doors().iter();
        match doors.find(|door| door.entry == *from && door.workload == *to) {
            Some(door) => at_the_door(out, door, analysis),
            None => inside(out, analysis, from, to),
        }
    }
}

fn at_the_door(out: &mut String, door: &Door, analysis: &Analysis<'_>) {
    let state = match &door.authenticated {
        AuthState::Authenticated(by) => format!("callers are authenticated: {by}"),
        AuthState::Unauthenticated => "callers are not authenticated".to_owned(),
        AuthState::Unknown => "the code does not say whether callers are authenticated".to_owned(),
    };
    let mut entries = analysis.model.entry_points.iter();
    let entry = entries.find(|entry| entry.id == door.entry);
    let place = entry.map_or_else(String::new, |entry| format!("   {}", entry.origin));
    let _infallible = writeln!(out, "  {state}{place}");
}

fn inside(out: &mut String, analysis: &Analysis<'_>, from: &NodeId, to: &NodeId) {
    let model = analysis.model;
    let declared = model.edges.iter().find(|edge| {
        let told = matches!(
            edge.kind,
            EdgeKind::Flow | EdgeKind::Reads | EdgeKind::Writes
        );
        told && edge.from == *from && edge.to == *to
    });
    if let Some(edge) = declared {
        let _infallible = writeln!(out, "  declared   {}", edge.origin);
    }
    if model.workload(to).is_none() {
        return;
    }
    let explanation = analysis.reachability.explain(from, to);
    let sides = [
        ("leaving", &explanation.egress),
        ("arriving", &explanation.ingress),
    ];
    for (side, decisions) in sides {
        for decision in decisions {
            let _infallible = writeln!(out, "  {side}: {}", decided(decision));
        }
    }
    let flow = declared.and_then(|edge| edge.flow.as_ref());
    let port = flow.and_then(|flow| flow.port);
    in_the_mesh(out, analysis, (from, to), port);
}

/// What the mesh asks of the call: mutual TLS, and who may make it.
fn in_the_mesh(
    out: &mut String,
    analysis: &Analysis<'_>,
    (from, to): (&NodeId, &NodeId),
    port: Option<Port>,
) {
    let state = analysis.mesh.mtls(to, port);
    if state.scope == MtlsScope::OutsideMesh {
        out.push_str("  mutual TLS: none, the workload is outside the mesh\n");
        return;
    }
    let mode = match state.mode {
        MtlsMode::Strict => "required",
        MtlsMode::Permissive | MtlsMode::Unset => "accepted, plain text too",
        MtlsMode::Disable => "off",
    };
    let by = state.decided_by;
    let by = by.map_or_else(String::new, |control| format!("   {}", control.origin));
    let _infallible = writeln!(out, "  mutual TLS: {mode} {}{by}", state.scope.words());
    let Some(port) = port else {
        return;
    };
    let decision = analysis
        .mesh
        .authorization(Caller::Workload(from), to, port);
    let verdict = match decision.verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Conditional(_) => "allowed for some requests",
    };
    let _infallible = writeln!(out, "  mesh: {verdict}");
    for (control, rule) in &decision.rules {
        let origin = rule_origin(control, *rule).unwrap_or(&control.origin);
        let _infallible = writeln!(out, "    by `{}`   {origin}", control.id.name());
    }
}

fn rule_origin(control: &Control, rule: Option<usize>) -> Option<&Origin> {
    let ControlKind::Authorization(policy) = &control.kind else {
        return None;
    };
    Some(&policy.rules.get(rule?)?.origin)
}

fn decided(decision: &Deciding<'_>) -> String {
    let action = match decision.action {
        NetworkAction::Allow => "allowed",
        NetworkAction::Deny => "denied",
        NetworkAction::Pass => "passed on",
    };
    let what = format!("{} {action}", decision.connections);
    let Some(policy) = decision.policy else {
        return format!("{what}, because no policy says anything");
    };
    let origin = decision.rule.map_or(&policy.origin, |rule| &rule.origin);
    format!("{what} by `{}`   {origin}", policy.id.name())
}
