//! `units`: sizes in bytes.

use super::super::evaluation::{At, Machine, Outcome};
use super::super::value::Value;

pub(super) fn constant<'r>(
    _: &Machine<'r>,
    _: At<'r>,
    name: &str,
) -> Outcome<Option<Value<'r>>> {
    let power = match name {
        "byte" => 0,
        "kilobyte" => 1,
        "megabyte" => 2,
        "gigabyte" => 3,
        "terabyte" => 4,
        "petabyte" => 5,
        _ => return Ok(None),
    };
    Ok(Some(Value::Int(1024_i64.pow(power))))
}
