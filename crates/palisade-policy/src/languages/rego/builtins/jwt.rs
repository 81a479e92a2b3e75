//! JSON Web Tokens: decoding and verifying.

use serde_json::Value as Json;

use super::super::term::{Number, Term};
use super::super::world::{Fault, World};
use super::bytes::{from_base64url, hex};
use super::jwk::{Algorithm, PublicKey, public_keys};
use super::{Builtin, argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("io.jwt.decode", 1, |arguments, _| {
        let token = Token::read(text_argument(arguments, 0)?)?;
        Ok(Term::Array(vec![
            Term::from_json(&token.header),
            Term::from_json(&token.payload),
            Term::text(hex(&token.signature)),
        ]))
    }),
    Builtin::new("io.jwt.decode_verify", 2, decode_verify),
    Builtin::new("io.jwt.verify_rs256", 2, |arguments, _| {
        verify("RS256", arguments)
    }),
    Builtin::new("io.jwt.verify_rs384", 2, |arguments, _| {
        verify("RS384", arguments)
    }),
    Builtin::new("io.jwt.verify_rs512", 2, |arguments, _| {
        verify("RS512", arguments)
    }),
    Builtin::new("io.jwt.verify_ps256", 2, |arguments, _| {
        verify("PS256", arguments)
    }),
    Builtin::new("io.jwt.verify_ps384", 2, |arguments, _| {
        verify("PS384", arguments)
    }),
    Builtin::new("io.jwt.verify_ps512", 2, |arguments, _| {
        verify("PS512", arguments)
    }),
    Builtin::new("io.jwt.verify_es256", 2, |arguments, _| {
        verify("ES256", arguments)
    }),
    Builtin::new("io.jwt.verify_es384", 2, |arguments, _| {
        verify("ES384", arguments)
    }),
    Builtin::new("io.jwt.verify_es512", 2, |arguments, _| {
        verify("ES512", arguments)
    }),
    Builtin::new("io.jwt.verify_eddsa", 2, |arguments, _| {
        verify("EdDSA", arguments)
    }),
    Builtin::new("io.jwt.verify_hs256", 2, |arguments, _| {
        verify("HS256", arguments)
    }),
    Builtin::new("io.jwt.verify_hs384", 2, |arguments, _| {
        verify("HS384", arguments)
    }),
    Builtin::new("io.jwt.verify_hs512", 2, |arguments, _| {
        verify("HS512", arguments)
    }),
];

/// Deepest nesting of tokens in tokens.
const MAX_NESTING: usize = 8;

struct Token {
    header: Json,
    payload: Json,
    signature: Vec<u8>,
}

impl Token {
    /// Reads a token; a token in its payload is read in its stead.
    fn read(text: &str) -> Result<Self, Fault> {
        let mut text = text.to_owned();
        for _ in 0..MAX_NESTING {
            let token = Self::parts(&text)?;
            match token {
                Ok(token) => return Ok(token),
                Err(inner) => text = inner,
            }
        }
        Err(Fault::undefined("tokens are nested too deep"))
    }

    /// One level: the token, or the text of the one inside.
    fn parts(text: &str) -> Result<Result<Self, String>, Fault> {
        let (signed, signature) = text
            .rsplit_once('.')
            .ok_or_else(|| Fault::undefined("encoded JWT must have 3 sections, found 1"))?;
        let Some((header, payload)) = signed
            .split_once('.')
            .filter(|(_, rest)| !rest.contains('.'))
        else {
            return Err(Fault::undefined("encoded JWT must have 3 sections"));
        };
        let decode = |part: &str, name: &str| {
            from_base64url(part)
                .ok_or_else(|| Fault::undefined(format!("JWT {name} had invalid encoding")))
        };
        let read = |bytes: Vec<u8>, name: &str| {
            serde_json::from_slice::<Json>(&bytes)
                .map_err(|_| Fault::undefined(format!("JWT {name} is not JSON")))
        };
        let header = read(decode(header, "header")?, "header")?;
        if header.get("enc").is_some() {
            return Err(Fault::undefined(
                "JWT is a JWE object, which is not supported",
            ));
        }
        let payload = decode(payload, "payload")?;
        let nested = header
            .get("cty")
            .and_then(Json::as_str)
            .is_some_and(|cty| cty.eq_ignore_ascii_case("jwt"));
        if nested {
            let inner = String::from_utf8_lossy(&payload);
            return Ok(Err(inner.trim_matches('"').to_owned()));
        }
        let payload = read(payload, "payload")?;
        if !payload.is_object() {
            return Err(Fault::undefined("JWT payload is not an object"));
        }
        let signature = decode(signature, "signature")?;
        Ok(Ok(Self {
            header,
            payload,
            signature,
        }))
    }
}

fn verify(algorithm: &str, arguments: &[Term]) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    let key = text_argument(arguments, 1)?;
    let algorithm =
        Algorithm::of(algorithm).ok_or_else(|| Fault::undefined("unknown signature algorithm"))?;
    let keys = if algorithm.hmac().is_some() {
        vec![PublicKey::Secret(key.as_bytes().to_vec())]
    } else {
        public_keys(key).map_err(Fault::Undefined)?
    };
    let (signed, signature) = text
        .rsplit_once('.')
        .filter(|(signed, _)| signed.matches('.').count() == 1)
        .ok_or_else(|| Fault::undefined("encoded JWT must have 3 sections"))?;
    let signature = from_base64url(signature)
        .ok_or_else(|| Fault::undefined("JWT signature had invalid encoding"))?;
    let valid = keys
        .iter()
        .any(|key| algorithm.verifies(key, signed.as_bytes(), &signature));
    Ok(Term::Bool(valid))
}

#[derive(Default)]
struct Constraints {
    keys: Option<Vec<PublicKey>>,
    secret: bool,
    algorithm: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    time: Option<f64>,
}

fn constraints(term: &Term) -> Result<Constraints, Fault> {
    let Term::Object(entries) = term else {
        return Err(wrong_type(1, "object", term));
    };
    let mut found = Constraints::default();
    for (name, value) in entries {
        let name = name.as_text().unwrap_or_default();
        let text = || {
            let text = value.as_text().map(str::to_owned);
            text.ok_or_else(|| Fault::undefined(format!("{name} constraint: must be a string")))
        };
        match name {
            "cert" => found.keys = Some(public_keys(&text()?).map_err(Fault::Undefined)?),
            "secret" => {
                found.keys = Some(vec![PublicKey::Secret(text()?.into_bytes())]);
                found.secret = true;
            }
            "alg" => found.algorithm = Some(text()?),
            "iss" => found.issuer = Some(text()?),
            "aud" => found.audience = Some(text()?),
            "time" => match value {
                Term::Number(number) => found.time = Some(number.as_f64()),
                _ => return Err(Fault::undefined("time constraint: must be a number")),
            },
            other => return Err(Fault::undefined(format!("unknown constraint: {other}"))),
        }
    }
    let both = term.get("cert").is_some() && term.get("secret").is_some();
    if both || found.keys.is_none() {
        return Err(Fault::undefined("no key constraint, or more than one"));
    }
    Ok(found)
}

fn decode_verify(arguments: &[Term], world: &mut World) -> Result<Term, Fault> {
    let text = text_argument(arguments, 0)?;
    let constraints = constraints(argument(arguments, 1)?)?;
    let refused = || {
        Term::Array(vec![
            Term::Bool(false),
            Term::Object(Vec::new()),
            Term::Object(Vec::new()),
        ])
    };
    // INVARIANT: every level of a nested token is verified before the one inside is read.
    let mut text = text.to_owned();
    for _ in 0..MAX_NESTING {
        if !signature_holds(&text, &constraints)? {
            return Ok(refused());
        }
        match Token::parts(&text)? {
            Err(inner) => text = inner,
            Ok(token) => {
                if token.header.get("crit").is_some() || !claims_hold(&token, &constraints, world)?
                {
                    return Ok(refused());
                }
                return Ok(Term::Array(vec![
                    Term::Bool(true),
                    Term::from_json(&token.header),
                    Term::from_json(&token.payload),
                ]));
            }
        }
    }
    Err(Fault::undefined("tokens are nested too deep"))
}

fn signature_holds(text: &str, constraints: &Constraints) -> Result<bool, Fault> {
    let sections: Vec<&str> = text.split('.').collect();
    let [header, _, signature] = sections.as_slice() else {
        return Err(Fault::undefined("encoded JWT must have 3 sections"));
    };
    let header = from_base64url(header)
        .and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok())
        .ok_or_else(|| Fault::undefined("JWT header is not JSON"))?;
    let signature = from_base64url(signature)
        .ok_or_else(|| Fault::undefined("JWT signature had invalid encoding"))?;
    let name = header.get("alg").and_then(Json::as_str).unwrap_or_default();
    if constraints
        .algorithm
        .as_deref()
        .is_some_and(|wanted| wanted != name)
    {
        return Ok(false);
    }
    let Some(algorithm) = Algorithm::of(name) else {
        return Ok(false);
    };
    let signed = text.rsplit_once('.').map_or("", |(signed, _)| signed);
    Ok(algorithm.hmac().is_some() == constraints.secret
        && constraints
            .keys
            .iter()
            .flatten()
            .any(|key| algorithm.verifies(key, signed.as_bytes(), &signature)))
}

fn claims_hold(token: &Token, wanted: &Constraints, world: &World) -> Result<bool, Fault> {
    let claim = |name: &str| token.payload.get(name);
    if let Some(issuer) = &wanted.issuer
        && claim("iss").and_then(Json::as_str) != Some(issuer)
    {
        return Ok(false);
    }
    let names = |aud: &Json, wanted: &str| match aud {
        Json::String(text) => text == wanted,
        Json::Array(items) => items.iter().any(|item| item.as_str() == Some(wanted)),
        _ => false,
    };
    match (claim("aud"), &wanted.audience) {
        (None, None) => {}
        (Some(aud), Some(wanted)) if names(aud, wanted) => {}
        _ => return Ok(false),
    }
    for (name, after) in [("exp", true), ("nbf", false)] {
        let Some(value) = claim(name) else { continue };
        let Term::Number(value) = Term::from_json(value) else {
            return Err(Fault::undefined(format!("{name} value must be a number")));
        };
        let now = match wanted.time {
            Some(time) => time,
            None => Number::Int(world.now_ns.ok_or_else(|| {
                Fault::halt("a token's times are checked, but no time was handed in")
            })?)
            .as_f64(),
        };
        let limit = value.as_f64() * 1e9;
        if (after && now >= limit) || (!after && now < limit) {
            return Ok(false);
        }
    }
    Ok(true)
}
