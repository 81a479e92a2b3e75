//! `http`: off unless the caller hands in a client, which holds its own allow-list and limits.

use base64::Engine;

use super::super::evaluation::{Machine, Outcome, failed};
use super::super::value::{Map, Value};
use super::{Call, Instance, Kept, NativeEntry};
use crate::context::HttpRequest;

/// How requests are sent.
#[derive(Debug, Clone)]
pub(in super::super) struct Client {
    accepted: Vec<i64>,
    retries: i64,
    timeout: i64,
    verifies: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            accepted: vec![200],
            retries: 1,
            timeout: 10,
            verifies: true,
        }
    }
}

/// What is sent.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Request {
    pub(super) url: String,
    headers: Vec<(String, String)>,
    body: String,
}

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("request", request),
    NativeEntry::new("get", |machine, call| send_by(machine, call, "GET")),
    NativeEntry::new("post", |machine, call| send_by(machine, call, "POST")),
    NativeEntry::new("send", |machine, call| send_by(machine, call, "GET")),
    NativeEntry::new("accept_status_codes", accept),
    NativeEntry::new("with_retries", with_retries),
    NativeEntry::new("with_timeout", with_timeout),
    NativeEntry::new("without_certificate_verification", without_verification),
];

/// The functions of a client are those of the import.
pub(super) static CLIENT: &[NativeEntry] = FUNCTIONS;

pub(super) static REQUEST: &[NativeEntry] = &[
    NativeEntry::new("with_header", with_header),
    NativeEntry::new("with_basic_auth", with_basic_auth),
    NativeEntry::new("with_body", with_body),
];

pub(super) fn constant<'r>(machine: &Machine<'r>, name: &str) -> Option<Value<'r>> {
    match name {
        "client" => Some(client_value(machine, Client::default())),
        "methodPost" => Some(Value::Text("POST")),
        "methodGet" => Some(Value::Text("GET")),
        _ => None,
    }
}

pub(super) fn client_field<'r>(
    machine: &Machine<'r>,
    client: &Client,
    name: &str,
) -> Option<Value<'r>> {
    Some(match name {
        "accepted_status_codes" => Value::list(
            machine.arena,
            client.accepted.iter().copied().map(Value::Int),
        ),
        "retries" => Value::Int(client.retries),
        "timeout" => Value::Int(client.timeout),
        "certificate_verification" => Value::Bool(client.verifies),
        _ => return None,
    })
}

pub(super) fn request_field<'r>(
    machine: &Machine<'r>,
    request: &Request,
    name: &str,
) -> Option<Value<'r>> {
    Some(match name {
        "url" => Value::text(machine.arena, &request.url),
        "body" => Value::text(machine.arena, &request.body),
        "headers" => headers(machine, &request.headers),
        _ => return None,
    })
}

fn headers<'r>(machine: &Machine<'r>, headers: &[(String, String)]) -> Value<'r> {
    let map = Map::new(machine.arena);
    for (name, value) in headers {
        let name = Value::text(machine.arena, name);
        map.set(machine.arena, name, Value::text(machine.arena, value));
    }
    Value::Map(machine.arena.alloc(map))
}

fn client_value<'r>(machine: &Machine<'r>, client: Client) -> Value<'r> {
    Instance::of(machine, Kept::Client(client))
}

fn client(call: &Call<'_, '_>) -> Client {
    match call.receiver {
        Some(Instance::Client(client)) => (*client).clone(),
        _ => Client::default(),
    }
}

fn accept<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [codes] = call.exactly()?;
    let Value::List(codes) = codes else {
        return Err(call.wrong("a list of status codes", codes));
    };
    let mut accepted = Vec::new();
    for code in codes.items(machine.arena) {
        match code {
            Value::Int(code) => accepted.push(code),
            other => return Err(call.wrong("status codes as whole numbers", other)),
        }
    }
    let client = Client {
        accepted,
        ..client(call)
    };
    Ok(client_value(machine, client))
}

fn bounded(call: &Call<'_, '_>, most: i64) -> Outcome<i64> {
    match call.exactly()? {
        [Value::Int(number)] if (0..=most).contains(&number) => Ok(number),
        [Value::Int(_)] => Err(failed(call.at, format!("this is between 0 and {most}"))),
        [other] => Err(call.wrong("a whole number", other)),
    }
}

fn with_retries<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let client = Client {
        retries: bounded(call, 10)?,
        ..client(call)
    };
    Ok(client_value(machine, client))
}

fn with_timeout<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let client = Client {
        timeout: bounded(call, 30)?,
        ..client(call)
    };
    Ok(client_value(machine, client))
}

fn without_verification<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let sentence = "certificates are always verified here";
    Err(failed(call.at, sentence))
}

fn request<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let Some([url]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    let request = Request {
        url: url.to_owned(),
        ..Request::default()
    };
    Ok(request_value(machine, request))
}

fn request_value<'r>(machine: &Machine<'r>, request: Request) -> Value<'r> {
    Instance::of(machine, Kept::Request(request))
}

fn own_request(call: &Call<'_, '_>) -> Request {
    match call.receiver {
        Some(Instance::Request(request)) => (*request).clone(),
        _ => Request::default(),
    }
}

fn header(request: &mut Request, name: &str, value: String) {
    request
        .headers
        .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    request.headers.push((name.to_owned(), value));
}

fn with_header<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let Some([name, value]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    let mut request = own_request(call);
    header(&mut request, name, value.to_owned());
    Ok(request_value(machine, request))
}

fn with_basic_auth<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let Some([user, password]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    let mut request = own_request(call);
    let pair = format!("{user}:{password}");
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
    header(&mut request, "Authorization", format!("Basic {encoded}"));
    Ok(request_value(machine, request))
}

fn with_body<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let Some([body]) = call.texts()? else {
        return Ok(Value::Undefined);
    };
    let mut request = own_request(call);
    body.clone_into(&mut request.body);
    Ok(request_value(machine, request))
}

fn send_by<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>, method: &str) -> Outcome<Value<'r>> {
    let request = match call.exactly()? {
        [Value::Text(url)] => Request {
            url: url.to_owned(),
            ..Request::default()
        },
        [Value::Instance(Instance::Request(request))] => (*request).clone(),
        [Value::Undefined] => return Ok(Value::Undefined),
        [other] => return Err(call.wrong("a URL or a request", other)),
    };
    let Some(send) = machine.context.effects.http else {
        let sentence = format!("the policy asks `{}`, and HTTP is off", request.url);
        return Err(failed(call.at, sentence));
    };
    let client = client(call);
    machine.context.meter.look()?;
    let mut tries = client.retries;
    loop {
        let answer = send(&HttpRequest {
            method,
            url: &request.url,
            headers: &request.headers,
            body: request.body.as_bytes(),
        });
        machine.context.meter.look()?;
        let answer = answer.map_err(|sentence| failed(call.at, sentence))?;
        let again = answer.status >= 500 && answer.status != 501;
        if again && tries > 0 {
            tries -= 1;
            continue;
        }
        let status = i64::from(answer.status);
        if !client.accepted.contains(&status) {
            let sentence = format!("`{}` answered with status {status}", request.url);
            return Err(failed(call.at, sentence));
        }
        let body = String::from_utf8_lossy(&answer.body);
        let fields = [
            ("status_code", Value::Int(status)),
            ("body", Value::text(machine.arena, &body)),
            ("headers", headers(machine, &answer.headers)),
        ];
        return Ok(Value::map(machine.arena, fields));
    }
}
