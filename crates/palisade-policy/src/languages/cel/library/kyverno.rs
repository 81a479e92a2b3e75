//! Kyverno's small functions: users, JSON and YAML, hashes, chance, time, lists of objects.

use std::sync::Arc;

use palisade_document::{Limits, SourceFile, Syntax, SyntaxSeverity};
use sha2::Digest;

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::{Message, Val};
use super::{int, template, text, time, value};
use crate::datum::Datum;

const T: &[Type] = &[Type::Text];
const LISTS: &[Type] = &[Type::List, Type::List, Type::Text, Type::Text];
const ACCOUNT: &str = "system:serviceaccount:";

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::global("parseServiceAccount", T, service_account),
    Overload::global("user.parseServiceAccount", T, service_account),
    Overload::global("json.unmarshal", &[Type::Any], |m, a| {
        parse(m, a, Syntax::Json)
    }),
    Overload::global("json.marshal", &[Type::Any], marshal),
    Overload::global("yaml.parse", T, |m, a| parse(m, a, Syntax::Yaml)),
    Overload::global("sha256", T, sha256),
    Overload::global("hash.sha256", T, sha256),
    Overload::global("sha1", T, sha1),
    Overload::global("hash.sha1", T, sha1),
    Overload::global("md5", T, md5),
    Overload::global("hash.md5", T, md5),
    Overload::global("random", &[], random),
    Overload::global("random.random", &[], random),
    Overload::global("random", T, random),
    Overload::global("random.random", T, random),
    Overload::global("time.now", &[], now),
    Overload::global(
        "time.truncate",
        &[Type::Timestamp, Type::Duration],
        truncate,
    ),
    Overload::global("time.toCron", &[Type::Timestamp], to_cron),
    Overload::global("math.round", &[Type::Double, Type::Int], round),
    Overload::global("listObjToMap", LISTS, objects_to_map),
    Overload::global("transform.listObjToMap", LISTS, objects_to_map),
];

fn service_account<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let account = text(arguments, 0)?.strip_prefix(ACCOUNT);
    let (namespace, name) = account
        .and_then(|account| account.split_once(':'))
        .unwrap_or(("", ""));
    let fields = [
        ("Name", Val::Text(name)),
        ("Namespace", Val::Text(namespace)),
    ];
    let arena = machine.context.arena;
    Ok(Val::Message(arena.alloc(Message {
        type_name: "user.ServiceAccount",
        fields: arena.alloc_slice_copy(&fields),
    })))
}

fn parse<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
    syntax: Syntax,
) -> Result<Val<'v>, Fault> {
    let given = match value(arguments, 0)? {
        Val::Text(text) => text,
        Val::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|_| Fault::new("not UTF-8"))?,
        _ => return Err(Fault::no_overload()),
    };
    machine.context.charge(1 + given.len() as u64 / 32)?;
    let file = Arc::new(SourceFile::new("expression", given.to_owned()));
    let (document, errors) = palisade_document::parse(file, syntax, &Limits::default());
    let fatal = errors
        .iter()
        .find(|error| error.severity == SyntaxSeverity::Fatal);
    if let Some(error) = fatal {
        return Err(Fault::new(error.message.clone()));
    }
    let root = document.roots().next();
    root.map_or(Ok(Val::Null), |root| copied(machine, Datum::from(root)))
}

/// A value of another document, copied into the arena: that document does not live long enough.
pub(super) fn copied<'v>(machine: &Machine<'v>, value: Datum<'_>) -> Result<Val<'v>, Fault> {
    machine.context.charge(1)?;
    Ok(match value.scalar() {
        Datum::Null => Val::Null,
        Datum::Bool(value) => Val::Bool(value),
        Datum::Int(value) => Val::Int(value),
        Datum::Float(value) => Val::Double(value),
        Datum::Text(text) => machine.new_text(text)?,
        composite if composite.is_list() => {
            let mut items = Vec::with_capacity(composite.len());
            for item in composite.items() {
                items.push(copied(machine, item)?);
            }
            machine.new_list(&items)?
        }
        composite => {
            let mut entries = Vec::with_capacity(composite.len());
            for (key, value) in composite.entries() {
                entries.push((machine.new_text(key)?, copied(machine, value)?));
            }
            machine.new_map(&entries)?
        }
    })
}

fn marshal<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let datum = value(arguments, 0)?
        .to_datum(machine.context.arena)
        .map_err(Fault::new)?;
    machine.context.charge(1)?;
    let mut json = crate::datum::to_json(datum);
    json.sort_all_objects();
    machine.new_text(&json.to_string())
}

fn sha256<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    hashed::<sha2::Sha256>(machine, arguments)
}

fn sha1<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    hashed::<sha1::Sha1>(machine, arguments)
}

fn md5<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    hashed::<md5::Md5>(machine, arguments)
}

fn hashed<'v, D: Digest>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let text = text(arguments, 0)?;
    machine.context.charge(1 + text.len() as u64 / 256)?;
    machine.new_text(&template::hexadecimal(&D::digest(text.as_bytes())))
}

fn now<'v>(machine: &Machine<'v>, _: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let now = machine.context.effects.now_ns;
    let now = now.ok_or_else(|| Fault::new("the clock was not handed in"))?;
    super::super::operators::moment(i128::from(now)).map(Val::Timestamp)
}

fn truncate<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match (value(arguments, 0)?, value(arguments, 1)?) {
        (Val::Timestamp(moment), Val::Duration(by)) => {
            time::truncate(moment, by).map(Val::Timestamp)
        }
        _ => Err(Fault::no_overload()),
    }
}

fn to_cron<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let Val::Timestamp(moment) = value(arguments, 0)? else {
        return Err(Fault::no_overload());
    };
    let date = time::date_of(moment)?;
    let weekday = time::day_of_week(date);
    let (minute, hour) = (date.minute(), date.hour());
    machine.new_text(&format!(
        "{minute} {hour} {} {} {weekday}",
        date.day(),
        date.month()
    ))
}

fn round<'v>(_: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let Val::Double(number) = value(arguments, 0)? else {
        return Err(Fault::no_overload());
    };
    let digits = i32::try_from(int(arguments, 1)?.clamp(-300, 300)).unwrap_or(0);
    let shift = 10_f64.powi(digits);
    Ok(Val::Double((number * shift).round() / shift))
}

fn objects_to_map<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (keys, values) = (value(arguments, 0)?, value(arguments, 1)?);
    let (key_name, value_name) = (text(arguments, 2)?, text(arguments, 3)?);
    if keys.len() != values.len() {
        return Err(Fault::new("both lists must have the same length"));
    }
    let mut entries: Vec<(Val<'v>, Val<'v>)> = Vec::with_capacity(keys.len());
    for (key, value) in keys.items().zip(values.items()) {
        machine.context.meter.charge(1)?;
        let Some(key @ Val::Text(_)) = key.field(key_name) else {
            return Err(Fault::new(format!("an object has no text `{key_name}`")));
        };
        let value = value.field(value_name).unwrap_or(Val::Null);
        match entries.iter_mut().find(|(known, _)| known.equals(key)) {
            Some((_, place)) => *place = value,
            None => entries.push((key, value)),
        }
    }
    machine.new_map(&entries)
}

/// Most characters of a random text.
const MAX_RANDOM: usize = 1000;

/// Random text of a simple pattern: classes such as `[a-z0-9]` and letters, each with `{n}`.
fn random<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let source = machine.context.effects.random;
    let source = source.ok_or_else(|| Fault::new("chance was not handed in"))?;
    let pattern = match arguments.first() {
        Some(_) => text(arguments, 0)?,
        None => "[0-9a-z]{8}",
    };
    let wrong = || {
        Fault::new(format!(
            "`{pattern}` is not a pattern such as `[a-z0-9]{{8}}`"
        ))
    };
    let mut written = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let (letters, after) = if letter == '[' {
            let (class, after) = rest
                .get(1..)
                .and_then(|r| r.split_once(']'))
                .ok_or_else(wrong)?;
            (class_letters(class).ok_or_else(wrong)?, after)
        } else if "\\(){}*+?|.^$".contains(letter) {
            return Err(wrong());
        } else {
            (vec![letter], rest.get(letter.len_utf8()..).unwrap_or(""))
        };
        let (times, after) = match after.strip_prefix('{') {
            Some(counted) => {
                let (number, after) = counted.split_once('}').ok_or_else(wrong)?;
                (number.parse::<usize>().map_err(|_| wrong())?, after)
            }
            None => (1, after),
        };
        if times > MAX_RANDOM || written.len() > MAX_RANDOM {
            return Err(Fault::new(format!(
                "random text is at most {MAX_RANDOM} long"
            )));
        }
        for _ in 0..times {
            let size = u64::try_from(letters.len()).unwrap_or(1);
            let at = usize::try_from(source() % size.max(1)).unwrap_or(0);
            written.extend(letters.get(at));
        }
        rest = after;
    }
    machine.new_text(&written)
}

fn class_letters(class: &str) -> Option<Vec<char>> {
    let letters: Vec<char> = class.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(first) = letters.get(at) {
        match (letters.get(at + 1), letters.get(at + 2)) {
            (Some('-'), Some(last)) if first <= last => {
                all.extend((*first..=*last).take(1024));
                at += 3;
            }
            _ => {
                all.push(*first);
                at += 1;
            }
        }
    }
    (!all.is_empty()).then_some(all)
}
