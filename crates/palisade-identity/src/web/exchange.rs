//! The exchange of a token for another one: RFC 8693.
//!
//! A caller shows a JWT-SVID that was made for this place and asks for one that somebody else
//! takes. Rules pin who may ask for which audience and scope; what comes out never lasts longer
//! and never allows more than what went in. Who acts for whom stays visible in `act`.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::pages::Site;
use crate::authority::{JwtRequest, SignError};
use crate::clock::between;
use crate::quota::Quotas;
use crate::spiffe::{Bundles, JwtIdentity, SpiffeId, verify_jwt};

/// The grant type of a token exchange (RFC 8693 section 2.1).
pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// RFC 8628 section 3.5.
const SLOW_DOWN: &str = "slow_down";
/// RFC 6749 section 4.1.2.1.
const UNAVAILABLE: &str = "temporarily_unavailable";
/// The most parameters of a request.
const MOST_PARAMETERS: usize = 64;
/// The deepest chain of actors.
const MOST_ACTORS: usize = 8;

/// Who may exchange tokens, and for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExchangeRules {
    /// What `aud` of a token that is shown here may be, beside the issuer and its `/token`.
    pub accepts: Vec<String>,
    /// The rules; one that fits is enough.
    pub rules: Vec<ExchangeRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRule {
    /// Whose token is exchanged: an id, or the beginning of ids with `/*` at its end.
    pub subject: String,
    /// Who may act for the subject, in the same form; nobody but itself where it is empty.
    #[serde(default)]
    pub actors: Vec<String>,
    /// The audiences that may be asked for; the first is taken where none is.
    pub audiences: Vec<String>,
    /// The scopes that may be asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The longest life of the new token in seconds.
    #[serde(default)]
    pub lifetime_seconds: Option<u32>,
}

/// What is kept of an exchange; no token is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRecord {
    /// Whose token it was, once that was proven.
    pub subject: Option<SpiffeId>,
    /// Who acted, once that was proven.
    pub actor: Option<SpiffeId>,
    /// What was asked for.
    pub audiences: Vec<String>,
    /// Why nothing was issued; `None` where something was.
    pub refused: Option<String>,
}

/// Why a token is not exchanged (RFC 8693 section 2.2.2, RFC 6749 section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    error: &'static str,
    reason: String,
}

impl Refused {
    fn new(error: &'static str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { error, reason }
    }

    pub(super) fn request(reason: impl Into<String>) -> Self {
        Self::new("invalid_request", reason)
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        match self.error {
            SLOW_DOWN => StatusCode::TOO_MANY_REQUESTS,
            UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "error": self.error, "error_description": described(&self.reason) })
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.error, self.reason)
    }
}

/// The characters that RFC 6749 section 5.2 allows in a description.
fn described(reason: &str) -> String {
    let plain = |c: char| match c {
        '"' | '\\' => '\'',
        ' '..='~' => c,
        _ => '?',
    };
    reason.chars().map(plain).take(400).collect()
}

/// A request as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExchangeRequest {
    subject_token: String,
    actor_token: Option<String>,
    audiences: Vec<String>,
    scopes: Option<Vec<String>>,
    issued_type: &'static str,
}

/// Reads a request of RFC 8693 section 2.1.
///
/// # Errors
/// Says what is missing, stands twice or is not understood.
pub fn parse_exchange(body: &[u8]) -> Result<ExchangeRequest, Refused> {
    let mut single: Map<String, Value> = Map::new();
    let mut audiences = Vec::new();
    for (count, (name, value)) in form_urlencoded::parse(body).enumerate() {
        if count >= MOST_PARAMETERS {
            return Err(Refused::request(format!(
                "more than {MOST_PARAMETERS} parameters"
            )));
        }
        if value.is_empty() {
            // RFC 6749 section 3.2: a parameter without a value counts as left out.
            continue;
        }
        match &*name {
            "resource" if !value.contains("://") || value.contains('#') => {
                let reason = "`resource` is an absolute address without a fragment";
                return Err(Refused::new("invalid_target", reason));
            }
            "audience" | "resource" => audiences.push(value.into_owned()),
            _ if single.contains_key(&*name) => {
                let shown: String = name.chars().take(40).collect();
                return Err(Refused::request(format!("`{shown}` stands twice")));
            }
            _ => {
                single.insert(name.into_owned(), value.into());
            }
        }
    }
    let text = |name: &str| single.get(name).and_then(Value::as_str);
    match text("grant_type") {
        Some(GRANT) => {}
        Some(_) => {
            let reason = format!("the grant type here is `{GRANT}`");
            return Err(Refused::new("unsupported_grant_type", reason));
        }
        None => return Err(Refused::request("`grant_type` is missing")),
    }
    token_type("subject_token_type", text("subject_token_type"))?;
    let actor_token = text("actor_token").map(str::to_owned);
    match (&actor_token, text("actor_token_type")) {
        (Some(_), kind) => drop(token_type("actor_token_type", kind)?),
        (None, None) => {}
        (None, Some(_)) => return Err(Refused::request("`actor_token` is missing")),
    }
    let issued_type = match text("requested_token_type") {
        None => JWT,
        kind => token_type("requested_token_type", kind)?,
    };
    let subject_token = text("subject_token").map(str::to_owned);
    let scopes = text("scope").map(words);
    Ok(ExchangeRequest {
        subject_token: subject_token
            .ok_or_else(|| Refused::request("`subject_token` is missing"))?,
        actor_token,
        audiences,
        scopes,
        issued_type,
    })
}

fn token_type(name: &str, kind: Option<&str>) -> Result<&'static str, Refused> {
    match kind {
        Some(JWT) => Ok(JWT),
        Some(ACCESS_TOKEN) => Ok(ACCESS_TOKEN),
        Some(_) => Err(Refused::request(format!(
            "`{name}` is `{JWT}` or `{ACCESS_TOKEN}`"
        ))),
        None => Err(Refused::request(format!("`{name}` is missing"))),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Exchanges a token, and has it recorded.
pub(super) fn exchange(site: &Site, quotas: &Quotas, body: &[u8]) -> Result<Value, Refused> {
    let mut record = ExchangeRecord {
        subject: None,
        actor: None,
        audiences: Vec::new(),
        refused: None,
    };
    let answer = decide(site, quotas, body, &mut record);
    record.refused = answer.as_ref().err().map(ToString::to_string);
    (site.record)(&record);
    answer
}

fn decide(
    site: &Site,
    quotas: &Quotas,
    body: &[u8],
    record: &mut ExchangeRecord,
) -> Result<Value, Refused> {
    let rules = Arc::clone(&site.rules.borrow());
    let request = parse_exchange(body)?;
    record.audiences.clone_from(&request.audiences);
    let subject = proven(site, &rules, "subject_token", &request.subject_token)?;
    record.subject = Some(subject.id.clone());
    if !quotas.take(&subject.id, site.clock.now()) {
        let reason = "too many exchanges for this identity; try again in a second";
        return Err(Refused::new(SLOW_DOWN, reason));
    }
    let actor = match &request.actor_token {
        None => None,
        Some(token) => Some(proven(site, &rules, "actor_token", token)?),
    };
    record.actor = actor.as_ref().map(|actor| actor.id.clone());
    let (rule, audiences) = choose(&rules.rules, &request, &subject, actor.as_ref())?;
    record.audiences.clone_from(&audiences);
    let scopes = scopes(&request, rule, &subject)?;
    let mut claims = Map::new();
    if let Some(chain) = actors(&subject, actor.as_ref())? {
        claims.insert("act".to_owned(), chain);
    }
    if !scopes.is_empty() {
        claims.insert("scope".to_owned(), scopes.join(" ").into());
    }
    let now = site.clock.now();
    let settings = site.authority.settings();
    let mut life = settings.jwt_lifetime;
    if let Some(seconds) = rule.lifetime_seconds {
        life = life.min(SignedDuration::from_secs(i64::from(seconds)));
    }
    for token in [Some(&subject), actor.as_ref()].into_iter().flatten() {
        life = life.min(between(now, token.expires));
    }
    let asked = JwtRequest {
        id: &subject.id,
        audiences: &audiences,
        lifetime: Some(life),
        claims,
    };
    (site.admit)().map_err(|reason| Refused::new(UNAVAILABLE, reason))?;
    let signed = site
        .authority
        .sign_jwt(&asked)
        .map_err(|error| match error {
            SignError::Request(reason) => Refused::request(reason),
            other => Refused::new(UNAVAILABLE, other.to_string()),
        })?;
    let mut answer = json!({
        "access_token": signed.document.token.as_str(),
        "issued_token_type": request.issued_type,
        "token_type": "Bearer",
        "expires_in": between(now, signed.document.expires).as_secs().max(0),
    });
    if let Some(answer) = answer.as_object_mut().filter(|_| !scopes.is_empty()) {
        answer.insert("scope".to_owned(), scopes.join(" ").into());
    }
    Ok(answer)
}

/// A token that this authority signed for this place.
fn proven(
    site: &Site,
    rules: &ExchangeRules,
    name: &str,
    token: &str,
) -> Result<JwtIdentity, Refused> {
    let settings = site.authority.settings();
    let issuer = settings.issuer.clone().unwrap_or_default();
    let own = format!("{issuer}/token");
    let mut audiences = vec![issuer.as_str(), own.as_str()];
    audiences.extend(rules.accepts.iter().map(String::as_str));
    let bundle = Arc::clone(&site.authority.subscribe().borrow().bundle);
    let bundles = Bundles::from([(bundle.trust_domain.clone(), bundle)]);
    verify_jwt(token, &bundles, &audiences, site.clock.now())
        .map_err(|error| Refused::request(format!("`{name}` is not accepted: {error}")))
}

/// The first rule that allows what is asked, and the audiences of the new token.
fn choose<'a>(
    rules: &'a [ExchangeRule],
    request: &ExchangeRequest,
    subject: &JwtIdentity,
    actor: Option<&JwtIdentity>,
) -> Result<(&'a ExchangeRule, Vec<String>), Refused> {
    if let Some(allowed) = subject.claims.get("may_act") {
        let named = allowed.get("sub").and_then(Value::as_str);
        if actor.is_none() || named != actor.map(|actor| actor.id.as_str()) {
            let reason = "the subject's token names another actor in `may_act`";
            return Err(Refused::request(reason));
        }
    }
    let for_subject = |rule: &&ExchangeRule| fits(&rule.subject, &subject.id);
    let for_actor = |rule: &&ExchangeRule| {
        actor.is_none_or(|actor| rule.actors.iter().any(|pattern| fits(pattern, &actor.id)))
    };
    let rules: Vec<&ExchangeRule> = rules.iter().filter(for_subject).filter(for_actor).collect();
    if rules.is_empty() {
        let reason = match actor {
            None => format!("no rule lets `{}` exchange a token", subject.id),
            Some(actor) => format!("no rule lets `{}` act for `{}`", actor.id, subject.id),
        };
        return Err(Refused::request(reason));
    }
    let allows = |rule: &ExchangeRule| {
        let known = |audience| rule.audiences.contains(audience);
        !rule.audiences.is_empty() && request.audiences.iter().all(known)
    };
    let rule = rules.into_iter().find(|rule| allows(rule)).ok_or_else(|| {
        let asked = request.audiences.join("`, `");
        let reason = format!("no rule lets `{}` ask for `{asked}`", subject.id);
        Refused::new("invalid_target", reason)
    })?;
    let audiences = if request.audiences.is_empty() {
        rule.audiences.iter().take(1).cloned().collect()
    } else {
        request.audiences.clone()
    };
    Ok((rule, audiences))
}

fn fits(pattern: &str, id: &SpiffeId) -> bool {
    match pattern.strip_suffix("/*") {
        // The slash stays, so that `/web/*` does not take `/webadmin`.
        Some(start) => {
            let rest = id.as_str().strip_prefix(start);
            rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
        }
        None => pattern == id.as_str(),
    }
}

/// What the new token allows: no more than the rule, and no more than the token that was shown.
fn scopes(
    request: &ExchangeRequest,
    rule: &ExchangeRule,
    subject: &JwtIdentity,
) -> Result<Vec<String>, Refused> {
    let held = subject
        .claims
        .get("scope")
        .and_then(Value::as_str)
        .map(words);
    let allowed = |scope: &String| {
        rule.scopes.contains(scope) && held.as_ref().is_none_or(|held| held.contains(scope))
    };
    match &request.scopes {
        None => Ok(rule
            .scopes
            .iter()
            .filter(|scope| allowed(scope))
            .cloned()
            .collect()),
        Some(asked) => match asked.iter().find(|scope| !allowed(scope)) {
            None => Ok(asked.clone()),
            Some(scope) => {
                let reason = format!("the scope `{scope}` is more than the token or a rule allows");
                Err(Refused::new("invalid_scope", reason))
            }
        },
    }
}

/// The chain of actors (RFC 8693 section 4.1): who acts now, and under it who acted before.
fn actors(subject: &JwtIdentity, actor: Option<&JwtIdentity>) -> Result<Option<Value>, Refused> {
    let before = subject.claims.get("act");
    let mut depth = usize::from(actor.is_some());
    let mut link = before;
    while let Some(current) = link {
        depth += 1;
        if depth > MOST_ACTORS {
            return Err(Refused::request(format!(
                "more than {MOST_ACTORS} act in a row"
            )));
        }
        link = current.get("act");
    }
    Ok(match (actor, before) {
        (None, before) => before.cloned(),
        (Some(actor), None) => Some(json!({ "sub": actor.id.as_str() })),
        (Some(actor), Some(before)) => Some(json!({ "sub": actor.id.as_str(), "act": before })),
    })
}
