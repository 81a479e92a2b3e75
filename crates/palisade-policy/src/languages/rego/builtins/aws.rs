//! Signing requests for AWS (Signature Version 4).

use aws_lc_rs::{digest, hmac};

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bytes::hex;
use super::{Builtin, argument, int_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[Builtin::new("providers.aws.sign_req", 3, sign)];

/// The header with the sum over the body.
const SUM_HEADER: &str = "x-amz-content-sha256";

/// Names of a request or configuration that must be texts.
fn required<'t>(term: &'t Term, at: usize, names: &[&str]) -> Result<Vec<&'t str>, Fault> {
    if !matches!(term, Term::Object(_)) {
        return Err(wrong_type(at, "object", term));
    }
    names
        .iter()
        .map(|name| {
            term.get(name).and_then(Term::as_text).ok_or_else(|| {
                Fault::undefined(format!(
                    "operand {}: `{name}` is missing or no string",
                    at + 1
                ))
            })
        })
        .collect()
}

/// What signs.
struct Keys<'t> {
    access: &'t str,
    secret: &'t str,
    service: &'t str,
    region: &'t str,
    token: Option<&'t str>,
    unsigned_payload: bool,
}

impl<'t> Keys<'t> {
    fn of(config: &'t Term) -> Result<Self, Fault> {
        let names = [
            "aws_access_key",
            "aws_secret_access_key",
            "aws_service",
            "aws_region",
        ];
        let fields = required(config, 1, &names)?;
        let [access, secret, service, region] = fields.as_slice() else {
            return Err(Fault::undefined("a field of the configuration is missing"));
        };
        let unsigned_payload = match config.get("disable_payload_signing") {
            None => false,
            Some(Term::Bool(value)) => *value,
            Some(_) => {
                return Err(Fault::undefined(
                    "operand 2 invalid value for 'disable_payload_signing' in AWS config",
                ));
            }
        };
        Ok(Self {
            access,
            secret,
            service,
            region,
            token: config.get("aws_session_token").and_then(Term::as_text),
            unsigned_payload,
        })
    }

    /// The value of the `Authorization` header for a request in canonical form.
    fn authorization(&self, stamp: &str, names: &str, canonical: &str) -> String {
        let day = stamp.get(..8).unwrap_or("");
        let (region, service) = (self.region, self.service);
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let summed = sum(canonical.as_bytes());
        let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{summed}");
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [day, region, service, "aws4_request"] {
            key = mac(&key, part);
        }
        let signature = hex(&mac(&key, &to_sign));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}",
            self.access
        )
    }
}

fn sign(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let request = argument(arguments, 0)?;
    let stamp = stamp(int_argument(arguments, 2)?).ok_or_else(|| {
        Fault::undefined("operand 3 could not convert time_ns value into a unix timestamp")
    })?;
    let fields = required(request, 0, &["method", "url"])?;
    let [method, url] = fields.as_slice() else {
        return Err(Fault::undefined("a field of the request is missing"));
    };
    let keys = Keys::of(argument(arguments, 1)?)?;
    let payload = if keys.unsigned_payload {
        "UNSIGNED-PAYLOAD".to_owned()
    } else {
        sum(&body(request))
    };
    let target = Target::of(url)?;
    let mut headers = headers(request)?;
    // As the first implementation does it: a sum that the request brings along is what is signed,
    // and the real one is what is sent.
    let brought = headers
        .iter()
        .find(|(name, _)| name == SUM_HEADER)
        .map(|(_, value)| value.clone());
    let mut set = |name: &str, value: &str| {
        headers.retain(|(known, _)| known != name);
        headers.push((name.to_owned(), value.to_owned()));
    };
    set("host", &target.host);
    set("x-amz-date", &stamp);
    if matches!(keys.service, "s3" | "glacier") {
        set(SUM_HEADER, &payload);
    }
    if let Some(token) = keys.token {
        set("x-amz-security-token", token);
    }
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| match &brought {
            Some(brought) if name == SUM_HEADER => format!("{name}:{}", brought.trim()),
            _ => format!("{name}:{}", value.trim()),
        })
        .collect();
    let canonical = format!(
        "{method}\n{}\n{}\n{}\n\n{names}\n{payload}",
        target.path,
        target.query,
        lines.join("\n")
    );
    let authorization = keys.authorization(&stamp, &names, &canonical);
    headers.push(("Authorization".to_owned(), authorization));
    Ok(with_headers(request, headers))
}

/// The request with other headers.
fn with_headers(request: &Term, headers: Vec<(String, String)>) -> Term {
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name, Term::Text(value)));
    let mut entries: Vec<(Term, Term)> = request
        .entries()
        .iter()
        .filter(|(key, _)| key.as_text() != Some("headers"))
        .cloned()
        .collect();
    entries.push((Term::text("headers"), Term::object(headers)));
    entries.sort_by(|left, right| left.0.compare(&right.0));
    Term::Object(entries)
}

fn sum(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn body(request: &Term) -> Vec<u8> {
    match (request.get("raw_body"), request.get("body")) {
        (Some(Term::Text(text)), _) => text.clone().into_bytes(),
        (_, Some(body)) => body.to_json().to_string().into_bytes(),
        _ => Vec::new(),
    }
}

/// Headers of the request, names in lower case.
fn headers(request: &Term) -> Result<Vec<(String, String)>, Fault> {
    let Some(given) = request.get("headers") else {
        return Ok(Vec::new());
    };
    given
        .entries()
        .iter()
        .map(|(name, value)| {
            let name = name.as_text().unwrap_or_default().to_lowercase();
            match value {
                Term::Text(text) => Ok((name, text.clone())),
                Term::Array(items) => {
                    let items: Vec<String> = items.iter().map(Term::display).collect();
                    Ok((name, items.join(",")))
                }
                other => Err(wrong_type(0, "headers of strings", other)),
            }
        })
        .collect()
}

/// Host, path and query of an address.
struct Target {
    host: String,
    path: String,
    query: String,
}

impl Target {
    fn of(url: &str) -> Result<Self, Fault> {
        let (_, rest) = url
            .split_once("://")
            .ok_or_else(|| Fault::undefined("the request's `url` is not absolute"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = match place.find('/') {
            Some(at) => place.split_at(at),
            None => (place, ""),
        };
        let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        pairs.sort_unstable();
        Ok(Self {
            host: host.to_owned(),
            path: path.to_owned(),
            query: pairs.join("&"),
        })
    }
}

/// `20151228T140825Z` of nanoseconds since 1970.
fn stamp(time_ns: i64) -> Option<String> {
    if time_ns < 0 {
        return None;
    }
    let seconds = time_ns / 1_000_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days to a civil date: Howard Hinnant's algorithm.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    Some(format!(
        "{year:04}{month:02}{day:02}T{hour:02}{minute:02}{:02}Z",
        second % 60
    ))
}
