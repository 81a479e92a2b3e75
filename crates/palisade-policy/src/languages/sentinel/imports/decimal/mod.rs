//! `decimal`: numbers of up to 100 decimal digits.

use std::cmp::Ordering;

use super::super::evaluation::{Machine, Outcome, failed};
use super::super::value::Value;
use super::{Call, Instance, Kept, NativeEntry};

mod number;

pub(in super::super) use self::number::Decimal;

pub(super) static FUNCTIONS: &[NativeEntry] = &[
    NativeEntry::new("new", new),
    NativeEntry::new("inf", infinity),
    NativeEntry::new("infinity", infinity),
    NativeEntry::new("is_inf", |_, call| ask(call, Decimal::is_infinite)),
    NativeEntry::new("is_infinite", |_, call| ask(call, Decimal::is_infinite)),
    NativeEntry::new("isinf", |_, call| ask(call, Decimal::is_infinite)),
    NativeEntry::new("isinfinite", |_, call| ask(call, Decimal::is_infinite)),
    NativeEntry::new("is_nan", |_, call| ask(call, Decimal::is_nan)),
    NativeEntry::new("isnan", |_, call| ask(call, Decimal::is_nan)),
];

pub(super) static METHODS: &[NativeEntry] = &[
    NativeEntry::new("is", |_, call| {
        test(call, |order| order == Some(Ordering::Equal))
    }),
    NativeEntry::new("is_not", |_, call| {
        test(call, |order| order != Some(Ordering::Equal))
    }),
    NativeEntry::new("less_than", less),
    NativeEntry::new("lt", less),
    NativeEntry::new("less_than_or_equals", less_or_equal),
    NativeEntry::new("lte", less_or_equal),
    NativeEntry::new("greater_than", greater),
    NativeEntry::new("gt", greater),
    NativeEntry::new("greater_than_or_equals", greater_or_equal),
    NativeEntry::new("gte", greater_or_equal),
    NativeEntry::new("add", add),
    NativeEntry::new("subtract", subtract),
    NativeEntry::new("sub", subtract),
    NativeEntry::new("multiply", multiply),
    NativeEntry::new("mul", multiply),
    NativeEntry::new("divide", divide),
    NativeEntry::new("div", divide),
    NativeEntry::new("modulo", modulo),
    NativeEntry::new("mod", modulo),
    NativeEntry::new("remainder", modulo),
    NativeEntry::new("rem", modulo),
    NativeEntry::new("power", power),
    NativeEntry::new("pow", power),
    NativeEntry::new("exp", |machine, call| {
        unary(machine, call, Decimal::exponential)
    }),
    NativeEntry::new("loge", natural_logarithm),
    NativeEntry::new("ln", natural_logarithm),
    NativeEntry::new("log10", decimal_logarithm),
    NativeEntry::new("log", decimal_logarithm),
    NativeEntry::new("square_root", square_root),
    NativeEntry::new("sqrt", square_root),
    NativeEntry::new("ceiling", ceiling),
    NativeEntry::new("ceil", ceiling),
    NativeEntry::new("floor", |machine, call| {
        unary(machine, call, Decimal::floor)
    }),
    NativeEntry::new("absolute", absolute),
    NativeEntry::new("abs", absolute),
    NativeEntry::new("negate", negate),
    NativeEntry::new("neg", negate),
];

pub(super) fn constant<'r>(machine: &Machine<'r>, name: &str) -> Option<Value<'r>> {
    (name == "nan").then(|| instance(machine, Decimal::NotANumber))
}

pub(super) fn field<'r>(machine: &Machine<'r>, number: &Decimal, name: &str) -> Option<Value<'r>> {
    match name {
        "string" => Some(Value::text(machine.arena, &number.shown())),
        "sign" => Some(Value::Int(number.sign())),
        "coefficient" => match number.coefficient().parse() {
            Ok(coefficient) => Some(Value::Int(coefficient)),
            Err(_) => Some(Value::text(machine.arena, &number.coefficient())),
        },
        "exponent" => number.exponent().map(Value::Int),
        "float" => Some(Value::Float(number.to_float())),
        "int" => number.to_int().map(Value::Int),
        _ => None,
    }
}

fn instance<'r>(machine: &Machine<'r>, number: Decimal) -> Value<'r> {
    Instance::of(machine, Kept::Decimal(number))
}

/// A value as a decimal; `None` if it is undefined.
fn read<'r>(call: &Call<'_, 'r>, value: Value<'r>) -> Outcome<Option<Decimal>> {
    let number = match value {
        Value::Undefined => return Ok(None),
        Value::Instance(Instance::Decimal(number)) => Some((*number).clone()),
        Value::Int(number) => Some(Decimal::from(number)),
        Value::Float(number) => Some(Decimal::of_float(number)),
        Value::Text(text) => Decimal::parse(text),
        other => return Err(call.wrong("a number", other)),
    };
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(failed(
            call.at,
            "this text is no decimal number that can be used",
        )),
    }
}

fn own<'c>(call: &'c Call<'_, '_>) -> Option<&'c Decimal> {
    match call.receiver {
        Some(Instance::Decimal(number)) => Some(number),
        _ => None,
    }
}

fn new<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let number = read(call, value)?;
    Ok(number.map_or(Value::Undefined, |number| instance(machine, number)))
}

fn infinity<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    match call.exactly()? {
        [Value::Int(sign)] => Ok(instance(machine, Decimal::Infinite(sign < 0))),
        [other] => Err(call.wrong("a sign", other)),
    }
}

fn ask<'r>(call: &Call<'_, 'r>, ask: fn(&Decimal) -> bool) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let number = read(call, value)?;
    Ok(number.map_or(Value::Undefined, |number| Value::Bool(ask(&number))))
}

fn test<'r>(call: &Call<'_, 'r>, test: fn(Option<Ordering>) -> bool) -> Outcome<Value<'r>> {
    let [value] = call.exactly()?;
    let other = read(call, value)?;
    Ok(match (own(call), other) {
        (Some(own), Some(other)) => Value::Bool(test(own.compare(&other))),
        _ => Value::Undefined,
    })
}

fn less<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    test(call, |order| order.is_some_and(Ordering::is_lt))
}

fn less_or_equal<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    test(call, |order| order.is_some_and(Ordering::is_le))
}

fn greater<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    test(call, |order| order.is_some_and(Ordering::is_gt))
}

fn greater_or_equal<'r>(_: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    test(call, |order| order.is_some_and(Ordering::is_ge))
}

fn binary<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    calculate: fn(&Decimal, &Decimal) -> Decimal,
) -> Outcome<Value<'r>> {
    // Up to a tenth of a millisecond.
    machine.charge(100)?;
    let [value] = call.exactly()?;
    let other = read(call, value)?;
    Ok(match (own(call), other) {
        (Some(own), Some(other)) => instance(machine, calculate(own, &other)),
        _ => Value::Undefined,
    })
}

fn unary<'r>(
    machine: &Machine<'r>,
    call: &Call<'_, 'r>,
    calculate: fn(&Decimal) -> Decimal,
) -> Outcome<Value<'r>> {
    machine.charge(1000)?;
    let [] = call.exactly()?;
    Ok(own(call).map_or(Value::Undefined, |own| instance(machine, calculate(own))))
}

fn add<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    binary(machine, call, Decimal::add)
}

fn subtract<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    binary(machine, call, |own, other| own.add(&other.negate()))
}

fn multiply<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    binary(machine, call, Decimal::multiply)
}

fn divide<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    binary(machine, call, Decimal::divide)
}

fn modulo<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    binary(machine, call, Decimal::modulo)
}

fn power<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    machine.charge(1000)?;
    binary(machine, call, Decimal::power)
}

fn natural_logarithm<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    unary(machine, call, Decimal::natural_logarithm)
}

fn decimal_logarithm<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    unary(machine, call, Decimal::decimal_logarithm)
}

fn square_root<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    unary(machine, call, Decimal::square_root)
}

fn ceiling<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    unary(machine, call, |own| own.negate().floor().negate())
}

fn absolute<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    unary(machine, call, |own| {
        if own.sign() < 0 {
            own.negate()
        } else {
            own.clone()
        }
    })
}

fn negate<'r>(machine: &Machine<'r>, call: &Call<'_, 'r>) -> Outcome<Value<'r>> {
    unary(machine, call, Decimal::negate)
}
