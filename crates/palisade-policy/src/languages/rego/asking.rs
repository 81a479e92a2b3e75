//! One question of one rule, with the budgets and effects of a context.

use std::time::Duration;

use palisade_document::Value;

use super::engine::{EngineError, Foreign, Further, FurtherKey, Outcome, Question, from_datum};
use super::modules::{Policies, located_engine_error};
use super::term::Term;
use super::world::World;
use crate::budget::Exhausted;
use crate::context::{Context, HttpRequest};
use crate::datum::Datum;
use crate::error::EvaluationError;
use crate::input::Input;

/// Documents below `data` that come with an input, as far as the policies refer to them.
#[derive(Debug, Default)]
pub(super) struct Around<'a> {
    palisade: Option<Value<'a>>,
    inventory: Option<&'a [Value<'a>]>,
    key: FurtherKey,
}

impl<'a> Around<'a> {
    /// What of an input's surroundings a set of policies wants.
    pub(super) fn of(policies: &Policies, input: &Input<'a>) -> Self {
        let wants = |key: &str| policies.wanted.contains(key) || policies.wanted.contains("*");
        let palisade = input.data.filter(|_| wants("palisade"));
        let inventory = policies
            .wanted
            .contains("inventory")
            .then_some(input.supplied.objects);
        let values = palisade.iter().chain(inventory.into_iter().flatten());
        let key = values.map(|value| {
            let file = std::sync::Arc::clone(value.document().file());
            (file, value.span())
        });
        let key = FurtherKey(key.collect());
        Self {
            palisade,
            inventory,
            key,
        }
    }

    fn documents(&self) -> Foreign {
        let mut entries = Vec::new();
        if let Some(palisade) = self.palisade {
            entries.push(("palisade", from_datum(Datum::from(palisade))));
        }
        if let Some(objects) = self.inventory {
            entries.push(("inventory", inventory(objects)));
        }
        Foreign::object(entries)
    }

    fn is_empty(&self) -> bool {
        self.palisade.is_none() && self.inventory.is_none()
    }
}

/// Gatekeeper's inventory: `namespace.NS.GROUP/VERSION.KIND.NAME` and `cluster.…`.
fn inventory(objects: &[Value<'_>]) -> Foreign {
    use std::collections::BTreeMap;
    type Names<'a> = BTreeMap<&'a str, Value<'a>>;
    type Kinds<'a> = BTreeMap<(&'a str, &'a str), Names<'a>>;
    let mut cluster: Kinds<'_> = BTreeMap::new();
    let mut namespaces: BTreeMap<&str, Kinds<'_>> = BTreeMap::new();
    for object in objects {
        let text = |path: &[&str]| object.at(path).and_then(Value::as_str);
        let (Some(version), Some(kind)) = (text(&["apiVersion"]), text(&["kind"])) else {
            continue;
        };
        let name = text(&["metadata", "name"]).unwrap_or("");
        let kinds = match text(&["metadata", "namespace"]) {
            Some(namespace) => namespaces.entry(namespace).or_default(),
            None => &mut cluster,
        };
        kinds
            .entry((version, kind))
            .or_default()
            .insert(name, *object);
    }
    let kinds = |kinds: &Kinds<'_>| {
        let mut versions: BTreeMap<&str, Vec<(&str, Foreign)>> = BTreeMap::new();
        for ((version, kind), names) in kinds {
            let names = names
                .iter()
                .map(|(name, value)| (*name, from_datum(Datum::from(*value))));
            versions
                .entry(version)
                .or_default()
                .push((kind, Foreign::object(names)));
        }
        Foreign::object(
            versions
                .into_iter()
                .map(|(version, kinds)| (version, Foreign::object(kinds))),
        )
    };
    let namespaces = namespaces.iter().map(|(name, found)| (*name, kinds(found)));
    Foreign::object([
        ("cluster", kinds(&cluster)),
        ("namespace", Foreign::object(namespaces.collect::<Vec<_>>())),
    ])
}

/// The value of a rule about an input.
pub(super) fn ask_rule(
    policies: &Policies,
    path: &str,
    context: &Context<'_>,
    input: Foreign,
    around: &Around<'_>,
) -> Result<Option<Term>, EvaluationError> {
    let outcome = with_question(context, Some(input), around, |question| {
        policies.program.rule(path, question)
    });
    let found = finish(policies, context, outcome)?;
    context.meter.write(found.as_ref().map_or(0, Term::bytes))?;
    Ok(found)
}

/// Puts a question together.
pub(super) fn with_question<T>(
    context: &Context<'_>,
    input: Option<Foreign>,
    around: &Around<'_>,
    ask: impl FnOnce(Question<'_>) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let make = || around.documents();
    let effects = context.effects;
    let http = effects.http;
    let send = move |request: &Term| match http {
        Some(client) => send(client, request),
        None => Err("no HTTP client was handed in".to_owned()),
    };
    ask(Question {
        input,
        data: (!around.is_empty()).then_some(Further {
            key: &around.key,
            make: &make,
        }),
        time: context.meter.remaining().max(Duration::from_millis(1)),
        memory: context.meter.budget().memory_bytes,
        world: World {
            now_ns: effects.now_ns,
            seed: effects.random.map(|random| random()),
            environment: effects.environment.to_vec(),
            http: http.is_some(),
            ..World::default()
        },
        send: Some(&send),
    })
}

/// Takes prints and errors into the context's terms.
pub(super) fn finish<T>(
    policies: &Policies,
    context: &Context<'_>,
    outcome: Result<Outcome<T>, EngineError>,
) -> Result<T, EvaluationError> {
    context.charge(1)?;
    match outcome {
        Ok(outcome) => {
            for line in outcome.prints {
                context.print(line)?;
            }
            Ok(outcome.value)
        }
        Err(error) if error.out_of_time => {
            context.meter.look()?;
            Err(Exhausted::Time(context.meter.budget().time).into())
        }
        Err(error) if error.out_of_memory => {
            Err(Exhausted::Memory(context.meter.budget().memory_bytes).into())
        }
        Err(error) => {
            let located = located_engine_error(&policies.modules, &error);
            Err(EvaluationError::Failed {
                message: located.message,
                origin: located.origin,
            })
        }
    }
}

/// Sends what `http.send` was given, and says the answer as OPA does.
fn send(client: crate::context::HttpClient<'_>, request: &Term) -> Result<Term, String> {
    let text = |name: &str| request.get(name).and_then(Term::as_text);
    let method = text("method").unwrap_or("GET").to_uppercase();
    let url = text("url").ok_or("`http.send` needs a `url`")?;
    let headers: Vec<(String, String)> = request
        .get("headers")
        .map(Term::entries)
        .unwrap_or_default()
        .iter()
        .map(|(name, value)| (name.display(), value.display()))
        .collect();
    let body = match (text("raw_body"), request.get("body")) {
        (Some(raw), _) => raw.as_bytes().to_vec(),
        (None, Some(body)) => body.to_json().to_string().into_bytes(),
        (None, None) => Vec::new(),
    };
    let request = HttpRequest {
        method: &method,
        url,
        headers: &headers,
        body: &body,
    };
    let answer = client(&request)?;
    let raw = String::from_utf8_lossy(&answer.body).into_owned();
    let body = serde_json::from_str(&raw).map_or(Term::Null, |json| Term::from_json(&json));
    let headers = answer
        .headers
        .into_iter()
        .map(|(name, value)| (name, Term::Array(vec![Term::Text(value)])));
    Ok(Term::object([
        ("status_code", Term::int(i64::from(answer.status))),
        ("status", Term::Text(answer.status.to_string())),
        ("headers", Term::object(headers)),
        ("raw_body", Term::Text(raw)),
        ("body", body),
    ]))
}
