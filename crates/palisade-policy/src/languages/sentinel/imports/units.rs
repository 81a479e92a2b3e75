//! `units`: sizes in bytes.

use super::super::evaluation::Machine;
use super::super::value::Value;

pub(super) fn constant<'r>(_: &Machine<'r>, name: &str) -> Option<Value<'r>> {
    let power = match name {
        "byte" => 0,
        "kilobyte" => 1,
        "megabyte" => 2,
        "gigabyte" => 3,
        "terabyte" => 4,
        "petabyte" => 5,
        _ => return None,
    };
    Some(Value::Int(1024_i64.pow(power)))
}
