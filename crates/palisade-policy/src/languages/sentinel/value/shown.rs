//! Values as `print` and traces show them.

use bumpalo::Bump;

use super::Value;

/// Deepest nesting that is shown.
const MAX_DEPTH: u32 = 32;
/// Most entries of one map that are shown.
const MAX_ENTRIES: usize = 10_000;
/// Longest text of one value.
const MAX_BYTES: usize = 1 << 20;

/// A value as text: a text as it is, texts within collections in quotation marks.
pub(in super::super) fn shown<'r>(arena: &'r Bump, value: Value<'r>) -> String {
    let mut out = String::new();
    match value {
        Value::Text(text) => out.push_str(text),
        value => write(arena, value, 0, &mut out),
    }
    out
}

/// A float with as many digits as it needs: `1.01`, `2`.
pub(in super::super) fn decimal_text(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let plain = value.abs() < 1e21 && (value == 0.0 || value.abs() >= 1e-4);
    if plain || value.is_nan() {
        return format!("{value}");
    }
    // One digit before the point and an exponent of two digits at least.
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, number) = match exponent.strip_prefix('-') {
                Some(number) => ('-', number),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{number:0>2}")
        }
        None => text,
    }
}

fn write<'r>(arena: &'r Bump, value: Value<'r>, depth: u32, out: &mut String) {
    if depth > MAX_DEPTH || out.len() > MAX_BYTES {
        out.push('…');
        return;
    }
    match value {
        Value::Undefined => out.push_str("undefined"),
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&decimal_text(value)),
        Value::Text(text) => {
            out.push('"');
            out.extend(text.escape_debug());
            out.push('"');
        }
        Value::List(list) => {
            out.push('[');
            for index in 0..list.len() {
                if index > 0 {
                    out.push_str(", ");
                }
                if out.len() > MAX_BYTES {
                    break;
                }
                let item = list.get(arena, index).unwrap_or(Value::Undefined);
                write(arena, item, depth + 1, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            let mut entries: Vec<(String, Value<'r>)> = (0..map.len().min(MAX_ENTRIES))
                .filter_map(|index| map.entry(arena, index))
                .map(|(key, item)| {
                    let mut shown = String::new();
                    write(arena, key, depth + 1, &mut shown);
                    (shown, item)
                })
                .collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(&key);
                out.push_str(": ");
                write(arena, item, depth + 1, out);
            }
            out.push('}');
        }
        Value::Instance(instance) => out.push_str(&instance.shown()),
        Value::Function(_) | Value::Native(_) | Value::Method(..) => out.push_str("func"),
        Value::Rule(_) => out.push_str("rule"),
        Value::Module(_) | Value::Namespace(_) => out.push_str("import"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_they_are_written() {
        let arena = Bump::new();
        let list = Value::list(
            &arena,
            [Value::Int(1), Value::Text("a\"b"), Value::Float(1.5)],
        );
        let map = Value::map(&arena, [("n", Value::Null), ("k", list)]);
        assert_eq!(
            shown(&arena, map),
            "{\"k\": [1, \"a\\\"b\", 1.5], \"n\": null}"
        );
        assert_eq!(shown(&arena, Value::Text("a\"b")), "a\"b");
    }

    #[test]
    fn floats_have_as_many_digits_as_they_need() {
        assert_eq!(decimal_text(1.01), "1.01");
        assert_eq!(decimal_text(2.0), "2");
        assert_eq!(decimal_text(1e21), "1e+21");
        assert_eq!(decimal_text(1.5e-7), "1.5e-07");
    }
}
