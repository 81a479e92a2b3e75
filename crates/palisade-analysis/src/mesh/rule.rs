//! What an authorization rule asks of a request, once caller and port are known.

use palisade_model::{
    AuthorizationAction, AuthorizationRule, Cidr, Condition, MeshOperation, MeshSource, Port,
};

use crate::mesh::RequestConditions;
use crate::mesh::path;
use crate::mesh::pattern::{Answer, Peer, matches};

/// More combinations of sources and operations than this are told as one condition in words.
const MAX_ALTERNATIVES: usize = 1024;

/// What is known of a request before it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The caller's proven identity; `None` over plain text.
    pub(crate) peer: Option<Peer<'a>>,
    /// Port of the pods.
    pub(crate) port: Port,
    /// Whether the enforcing proxy reads requests.
    pub(crate) http: bool,
    /// Whether something validates tokens, without which a token's subject is never set.
    pub(crate) tokens_validated: bool,
    /// Namespace of the policy.
    pub(crate) policy_namespace: &'a str,
}

/// The alternatives under which a rule matches: none is "never", an empty one is "always".
pub(crate) fn alternatives(
    rule: &AuthorizationRule,
    action: AuthorizationAction,
    request: &Request<'_>,
) -> Vec<RequestConditions> {
    let drops = action == AuthorizationAction::Allow && !request.http && reads_requests(rule);
    if drops {
        return Vec::new();
    }
    let mut conditions = RequestConditions::default();
    for condition in &rule.when {
        match when(condition, request) {
            Some(asked) => match both(conditions, asked) {
                Some(joined) => conditions = joined,
                None => return Vec::new(),
            },
            None => return Vec::new(),
        }
    }
    let from = any_of(&rule.from, |from| source(from, request));
    let to = any_of(&rule.to, |to| operation(to, request));
    if from.len().saturating_mul(to.len()) > MAX_ALTERNATIVES {
        conditions
            .other
            .push("one of the rule's many sources and operations".to_owned());
        return vec![conditions];
    }
    let mut found = Vec::new();
    for source in &from {
        for operation in &to {
            let joined = both(source.clone(), operation.clone());
            found.extend(joined.and_then(|joined| both(joined, conditions.clone())));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn any_of<T>(items: &[T], ask: impl Fn(&T) -> Option<RequestConditions>) -> Vec<RequestConditions> {
    if items.is_empty() {
        return vec![RequestConditions::default()];
    }
    let mut found: Vec<RequestConditions> = items.iter().filter_map(ask).collect();
    found.sort();
    found.dedup();
    // INVARIANT: an alternative that asks nothing contains all the others.
    if found.first().is_some_and(RequestConditions::is_empty) {
        found.truncate(1);
    }
    found
}

/// Whether a rule has a field that only a proxy that reads requests can judge.
pub(crate) fn reads_requests(rule: &AuthorizationRule) -> bool {
    let source = |from: &MeshSource| {
        !from.request_principals.is_empty() || !from.not_request_principals.is_empty()
    };
    rule.from.iter().any(source)
        || rule.to.iter().any(MeshOperation::is_http)
        || rule
            .when
            .iter()
            .any(|condition| condition.key.starts_with("request."))
}

fn source(from: &MeshSource, request: &Request<'_>) -> Option<RequestConditions> {
    let mut asked = RequestConditions::default();
    let peer = request.peer;
    principals(&mut asked, (&from.principals, &from.not_principals), peer)?;
    let is_namespace = |pattern: &String| peer.is_some_and(|peer| matches(pattern, peer.namespace));
    let is_account = |pattern: &String| {
        peer.is_some_and(|peer| peer.is_service_account(pattern, request.policy_namespace))
    };
    listed(&from.namespaces, &from.not_namespaces, is_namespace)?;
    listed(
        &from.service_accounts,
        &from.not_service_accounts,
        is_account,
    )?;
    if request.http {
        let subjects = (
            &from.request_principals[..],
            &from.not_request_principals[..],
        );
        tokens(&mut asked, subjects, request)?;
    }
    blocks(
        &mut asked,
        (&from.ip_blocks, &from.not_ip_blocks),
        "the peer's address",
    )?;
    blocks(
        &mut asked,
        (&from.remote_ip_blocks, &from.not_remote_ip_blocks),
        "the forwarded client address",
    )?;
    Some(asked)
}

/// Whether a list is met: some value matches, and no excluded one does.
fn listed(values: &[String], not_values: &[String], is: impl Fn(&String) -> bool) -> Option<()> {
    let met = (values.is_empty() || values.iter().any(&is)) && !not_values.iter().any(&is);
    met.then_some(())
}

fn principals(
    asked: &mut RequestConditions,
    (values, not_values): (&[String], &[String]),
    peer: Option<Peer<'_>>,
) -> Option<()> {
    // Without mutual TLS the principal is empty: no value matches it, and no exclusion does either.
    let Some(peer) = peer else {
        return values.is_empty().then_some(());
    };
    let best = |list: &[String]| {
        let answers: Vec<Answer> = list.iter().map(|one| peer.is_principal(one)).collect();
        if answers.contains(&Answer::Yes) {
            Answer::Yes
        } else if answers.contains(&Answer::Perhaps) {
            Answer::Perhaps
        } else {
            Answer::No
        }
    };
    let domain = |word: &str, list: &[String]| {
        format!(
            "the mesh's trust domain is {word} that of {}",
            list.join(", ")
        )
    };
    if !values.is_empty() {
        match best(values) {
            Answer::No => return None,
            Answer::Perhaps => asked.other.push(domain("just", values)),
            Answer::Yes => {}
        }
    }
    match best(not_values) {
        Answer::Yes => return None,
        Answer::Perhaps => asked.other.push(domain("not", not_values)),
        Answer::No => {}
    }
    Some(())
}

fn tokens(
    asked: &mut RequestConditions,
    (values, not_values): (&[String], &[String]),
    request: &Request<'_>,
) -> Option<()> {
    if !request.tokens_validated {
        // No token is ever validated, so the subject is empty.
        return values.is_empty().then_some(());
    }
    asked.tokens.extend_from_slice(values);
    asked.not_tokens.extend_from_slice(not_values);
    Some(())
}

fn blocks(
    asked: &mut RequestConditions,
    (values, not_values): (&[String], &[String]),
    what: &str,
) -> Option<()> {
    if !values.is_empty() && !values.iter().any(|block| is_everywhere(block)) {
        asked
            .other
            .push(format!("{what} is in {}", values.join(", ")));
    }
    if not_values.iter().any(|block| is_everywhere(block)) {
        return None;
    }
    if !not_values.is_empty() {
        asked
            .other
            .push(format!("{what} is not in {}", not_values.join(", ")));
    }
    Some(())
}

fn is_everywhere(block: &str) -> bool {
    block
        .parse::<Cidr>()
        .is_ok_and(|cidr| cidr.net().prefix_len() == 0)
}

fn operation(to: &MeshOperation, request: &Request<'_>) -> Option<RequestConditions> {
    let port = request.port.to_string();
    listed(&to.ports, &to.not_ports, |written| *written == port)?;
    let mut asked = RequestConditions::default();
    if !request.http {
        return Some(asked);
    }
    asked.methods = narrowing(&to.methods, &["*"]);
    asked.paths = if to.paths.iter().any(|path| path::takes_everything(path)) {
        Vec::new()
    } else {
        to.paths.clone()
    };
    asked.hosts = narrowing(&to.hosts, &["*"]);
    let excludes_all =
        |list: &[String], any: &[&str]| list.iter().any(|value| any.contains(&value.as_str()));
    if excludes_all(&to.not_methods, &["*"])
        || to.not_paths.iter().any(|path| path::takes_everything(path))
        || excludes_all(&to.not_hosts, &["*"])
    {
        return None;
    }
    asked.not_methods.clone_from(&to.not_methods);
    asked.not_paths.clone_from(&to.not_paths);
    asked.not_hosts.clone_from(&to.not_hosts);
    Some(asked)
}

/// The list, or nothing where one of its values takes everything.
fn narrowing(list: &[String], any: &[&str]) -> Vec<String> {
    if list.iter().any(|value| any.contains(&value.as_str())) {
        Vec::new()
    } else {
        list.to_vec()
    }
}

fn when(condition: &Condition, request: &Request<'_>) -> Option<RequestConditions> {
    let mut asked = RequestConditions::default();
    let lists = (&condition.values[..], &condition.not_values[..]);
    let key = condition.key.as_str();
    match key {
        "source.principal" => principals(&mut asked, lists, request.peer)?,
        "source.namespace" => listed(lists.0, lists.1, |pattern| {
            request
                .peer
                .is_some_and(|peer| matches(pattern, peer.namespace))
        })?,
        "source.ip" => blocks(&mut asked, lists, "the peer's address")?,
        "remote.ip" => blocks(&mut asked, lists, "the forwarded client address")?,
        "destination.port" => {
            let port = request.port.to_string();
            listed(lists.0, lists.1, |written| *written == port)?;
        }
        _ if key.starts_with("request.") && !request.http => {}
        "request.auth.principal" => tokens(&mut asked, lists, request)?,
        _ => {
            let of_token = key.starts_with("request.auth.");
            if of_token && !lists.0.is_empty() {
                tokens(&mut asked, (&["*".to_owned()], &[]), request)?;
            }
            in_words(&mut asked, key, lists);
        }
    }
    Some(asked)
}

fn in_words(
    asked: &mut RequestConditions,
    key: &str,
    (values, not_values): (&[String], &[String]),
) {
    if !values.is_empty() {
        asked
            .other
            .push(format!("`{key}` is {}", values.join(", ")));
    }
    if !not_values.is_empty() {
        asked
            .other
            .push(format!("`{key}` is not {}", not_values.join(", ")));
    }
}

/// Both conditions at once; `None` when no request meets them.
pub(crate) fn both(
    first: RequestConditions,
    second: RequestConditions,
) -> Option<RequestConditions> {
    let mut joined = first;
    let mut other = second.other;
    let mut either = |own: &mut Vec<String>, more: Vec<String>, word: &str| {
        if own.is_empty() {
            *own = more;
        } else if !more.is_empty() && *own != more {
            other.push(format!("{word} is one of {}", more.join(", ")));
        }
    };
    let exact = |list: &[String]| list.iter().all(|one| path::is_exact(one));
    if exact(&joined.methods) && exact(&second.methods) {
        joined.methods = in_both(joined.methods, second.methods, |one, two| one == two)?;
    } else {
        either(&mut joined.methods, second.methods, "the method");
    }
    if exact(&second.paths) {
        joined.paths = in_both(joined.paths, second.paths, path::takes)?;
    } else if exact(&joined.paths) {
        joined.paths = in_both(second.paths, joined.paths, path::takes)?;
    } else {
        either(&mut joined.paths, second.paths, "the path");
    }
    either(&mut joined.hosts, second.hosts, "the host");
    either(&mut joined.tokens, second.tokens, "the token's subject");
    joined.not_methods.extend(second.not_methods);
    joined.not_paths.extend(second.not_paths);
    joined.not_hosts.extend(second.not_hosts);
    joined.not_tokens.extend(second.not_tokens);
    joined.other.extend(other);
    Some(joined)
}

/// Values of the second list that some pattern of the first takes; an empty list takes everything.
fn in_both(
    patterns: Vec<String>,
    values: Vec<String>,
    takes: impl Fn(&str, &str) -> bool,
) -> Option<Vec<String>> {
    if patterns.is_empty() || values.is_empty() {
        return Some(if values.is_empty() { patterns } else { values });
    }
    let taken: Vec<String> = values
        .into_iter()
        .filter(|value| patterns.iter().any(|pattern| takes(pattern, value)))
        .collect();
    (!taken.is_empty()).then_some(taken)
}
