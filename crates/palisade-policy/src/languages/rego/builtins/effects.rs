//! Builtins that ask the world: they see what was handed in, and nothing else.

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::{Builtin, argument, int_argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("time.now_ns", 0, now),
    Builtin::new("rand.intn", 2, random),
    Builtin::new("uuid.rfc4122", 1, uuid),
    Builtin::new("opa.runtime", 0, |_, world| Ok(runtime(world))),
    Builtin::new("http.send", 1, send),
    Builtin::new("net.lookup_ip_addr", 1, lookup),
];

fn now(_: &[Term], world: &mut World) -> Result<Term, Fault> {
    world.now_ns.map(Term::int).ok_or_else(|| {
        Fault::halt("the policy asks for the time, which was not handed in to this evaluation")
    })
}

/// A number that one evaluation always draws alike for a key.
fn draw(key: &str, world: &World) -> Result<u64, Fault> {
    let seed = world.seed.ok_or_else(|| {
        Fault::halt("the policy asks for chance, which was not handed in to this evaluation")
    })?;
    Ok(key
        .bytes()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
}

fn random(arguments: &[Term], world: &mut World) -> Result<Term, Fault> {
    let key = text_argument(arguments, 0)?;
    let below = int_argument(arguments, 1)?.unsigned_abs();
    if below == 0 {
        return Ok(Term::int(0));
    }
    let drawn = draw(&format!("{key}/{below}"), world)? % below;
    Ok(Term::int(i64::try_from(drawn).unwrap_or(0)))
}

fn uuid(arguments: &[Term], world: &mut World) -> Result<Term, Fault> {
    let key = text_argument(arguments, 0)?;
    let high = draw(&format!("uuid/{key}"), world)?;
    let low = draw(&format!("uuid/{key}/low"), world)?;
    let bits = (u128::from(high) << 64 | u128::from(low)) & !(0xf << 76) & !(0x3 << 62)
        | (0x4 << 76)
        | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or("").to_owned();
    let parts = [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ];
    Ok(Term::text(parts.join("-")))
}

fn runtime(world: &World) -> Term {
    // Where no environment is handed in, there is none to tell of.
    if world.environment.is_empty() {
        return Term::Object(Vec::new());
    }
    let environment = world
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), Term::text(value.as_str())));
    Term::object([("env", Term::object(environment))])
}

fn send(arguments: &[Term], world: &mut World) -> Result<Term, Fault> {
    let request = argument(arguments, 0)?;
    if !matches!(request, Term::Object(_)) {
        return Err(wrong_type(0, "object", request));
    }
    if !world.http {
        return Err(Fault::halt(
            "the policy sends an HTTP request, which is denied; allow its host in the settings",
        ));
    }
    if let Some(answer) = world.answers.get(&request.literal()) {
        return Ok(answer.clone());
    }
    world.wanted = Some(request.clone());
    Err(Fault::halt("a request waits for its answer"))
}

/// An address is its own answer; a name would need the network.
fn lookup(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let name = text_argument(arguments, 0)?;
    if let Ok(address) = name.parse::<std::net::IpAddr>() {
        return Ok(Term::set([Term::Text(address.to_string())]));
    }
    Err(Fault::halt(
        "the policy looks up a name in DNS, which is denied",
    ))
}
