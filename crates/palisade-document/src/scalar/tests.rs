//! Each row was looked up in the table that Kubernetes' own tools read by.

use super::{Scalar, Schema, Tag, key, read};
use crate::tree::Payload;

fn described(read: Result<Scalar, String>, text: &str) -> String {
    match read {
        Err(_) => "refused".to_owned(),
        Ok(Scalar::Text) => format!("text {text}"),
        Ok(Scalar::Decoded(decoded)) => format!("decoded {decoded}"),
        Ok(Scalar::Is(Payload::Null)) => "null".to_owned(),
        Ok(Scalar::Is(Payload::Bool(value))) => format!("bool {value}"),
        Ok(Scalar::Is(Payload::Int(value))) => format!("int {value}"),
        Ok(Scalar::Is(Payload::Float(value))) => format!("float {value}"),
        Ok(other) => format!("{other:?}"),
    }
}

fn shown(text: &str) -> String {
    described(read(text, true, None, Schema::Kubernetes), text)
}

fn core(text: &str) -> String {
    described(read(text, true, None, Schema::Core), text)
}

fn tagged(tag: Tag, text: &str) -> String {
    described(read(text, false, Some(tag), Schema::Kubernetes), text)
}

#[test]
fn words_are_those_of_kubectl() {
    for text in [
        "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE",
    ] {
        assert_eq!(shown(text), "bool true", "`{text}`");
    }
    for text in [
        "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE",
    ] {
        assert_eq!(shown(text), "bool false", "`{text}`");
    }
    for text in ["", "~", "null", "Null", "NULL"] {
        assert_eq!(shown(text), "null", "`{text}`");
    }
}

#[test]
fn whole_numbers_are_read_in_every_base() {
    let cases = [
        ("0", "int 0"),
        ("-12", "int -12"),
        ("+7", "int 7"),
        ("0x1F", "int 31"),
        ("-0x10", "int -16"),
        ("0o17", "int 15"),
        ("0755", "int 493"),
        ("0b101", "int 5"),
        ("-0b101", "int -5"),
        ("0_0", "int 0"),
        ("1_000", "int 1000"),
        ("1__0_", "int 10"),
        ("-_1", "int -1"),
        ("0_x1f", "int 31"),
        ("9223372036854775807", "int 9223372036854775807"),
        ("-9223372036854775808", "int -9223372036854775808"),
        ("9223372036854775808", "float 9223372036854776000"),
        ("0xffffffffffffffff", "float 18446744073709552000"),
        ("089", "float 89"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "`{text}`");
    }
}

#[test]
fn what_only_looks_like_a_number_stays_text() {
    let texts = [
        "12:30",
        "190:20:30",
        "1.2.3",
        "-",
        "+",
        ".",
        "..",
        "--1",
        "-+1",
        "0x",
        "0b",
        "0b2",
        "0o8",
        "1e",
        "e3",
        ".e3",
        "10Gi",
        "2024-01-01",
        "0x-1",
        "_1",
        "._1",
        ".1_",
        "1e400",
        "-1e400",
        "tRue",
        "nUll",
        "yEs",
        "inf",
        "nan",
        "+.nan",
    ];
    for text in texts {
        assert_eq!(shown(text), format!("text {text}"));
    }
}

#[test]
fn floats_are_read_and_those_that_nothing_holds_are_refused() {
    let cases = [
        ("1.5", "float 1.5"),
        ("1.", "float 1"),
        (".5", "float 0.5"),
        (".1_5", "float 0.15"),
        ("1_0.5", "float 10.5"),
        ("1e3", "float 1000"),
        ("-2.5E-1", "float -0.25"),
        (".inf", "refused"),
        ("+.inf", "refused"),
        ("-.INF", "refused"),
        (".NaN", "refused"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "`{text}`");
    }
    assert_eq!(shown(&"9".repeat(400)), "refused");
}

#[test]
fn a_tag_reads_a_quoted_text_again() {
    let cases = [
        (Tag::Bool, "true", "bool true"),
        (Tag::Bool, "yes", "bool true"),
        (Tag::Bool, "maybe", "refused"),
        (Tag::Bool, "1", "refused"),
        (Tag::Int, "0", "int 0"),
        (Tag::Int, "0_0", "int 0"),
        (Tag::Int, "1.5", "refused"),
        (Tag::Float, "1", "float 1"),
        (Tag::Float, "x", "refused"),
        (Tag::Null, "", "null"),
        (Tag::Null, "x", "refused"),
        (Tag::Text, "true", "text true"),
        (Tag::Unknown, "true", "text true"),
        (Tag::Binary, "bmdp\nbng=", "decoded nginx"),
        (Tag::Binary, "bg==", "decoded n"),
        (Tag::Binary, "bg=", "refused"),
        (Tag::Binary, "b===", "refused"),
        (Tag::Binary, "bg==bg==", "refused"),
    ];
    for (tag, text, expected) in cases {
        assert_eq!(tagged(tag, text), expected, "{tag:?} `{text}`");
    }
}

#[test]
fn the_core_schema_knows_fewer_words() {
    let cases = [
        ("on", "text on"),
        ("y", "text y"),
        ("no", "text no"),
        ("true", "bool true"),
        ("Null", "null"),
        ("1_000", "text 1_000"),
        ("0b1", "text 0b1"),
        ("0755", "int 755"),
        ("0o17", "int 15"),
        ("0x1f", "int 31"),
        ("-12", "int -12"),
        ("1.5", "float 1.5"),
    ];
    for (text, expected) in cases {
        assert_eq!(core(text), expected, "`{text}`");
    }
}

#[test]
fn keys_are_the_texts_of_what_they_mean() {
    let cases = [
        (Payload::Bool(true), Some("true")),
        (Payload::Int(-16), Some("-16")),
        (Payload::Float(1.5), Some("1.5")),
        (Payload::Float(1.0), Some("1")),
        (Payload::Float(1e6), Some("1e+06")),
        (Payload::Float(0.000_01), Some("1e-05")),
        (Payload::Null, None),
    ];
    for (payload, expected) in cases {
        assert_eq!(key(payload).as_deref(), expected, "{payload:?}");
    }
}
