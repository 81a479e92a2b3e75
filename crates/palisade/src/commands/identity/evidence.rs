//! `palisade identity evidence`: what was issued to whom and why, and what was refused.

use std::fmt::Write as _;

use clap::Args;
use palisade_identity::admin::{EvidenceAsked, EvidenceTold, Verb};
use palisade_identity::{Attributes, SpiffeId};
use serde_json::Value;

use super::Format;
use super::operate::ask;
use super::serve::StatePlace;
use crate::arguments::Global;
use crate::output;

const EXAMPLES: &str = "Examples:
  palisade identity evidence                                       the last records
  palisade identity evidence --id spiffe://shop.example/web        who had this identity
  palisade identity evidence --after 1200 --count 10000 --format json

JSON is one record a line with its number; the last number is the next --after.";

/// What can be typed after `identity evidence`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only records of this identity
    #[arg(long, value_name = "SPIFFE ID")]
    id: Option<SpiffeId>,
    /// Records after this number, instead of the last ones
    #[arg(long, value_name = "NUMBER")]
    after: Option<i64>,
    /// The most records
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    state: StatePlace,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let asked = EvidenceAsked {
        after: arguments.after,
        count: arguments.count,
        id: arguments.id.as_ref().map(ToString::to_string),
    };
    let told = ask(&arguments.state, Verb::Post, "/evidence", &asked)?;
    let told: Vec<EvidenceTold> = serde_json::from_value(told)?;
    let mut text = String::new();
    for one in &told {
        match arguments.format {
            Format::Json => text.push_str(&serde_json::to_string(one)?),
            Format::Human => line(&mut text, one),
        }
        text.push('\n');
    }
    if text.is_empty() && arguments.format == Format::Human {
        text.push_str("no evidence: nothing was asked for yet\n");
    }
    output::data(&text, 0, global.color)
}

/// One record on one line: what strangers wrote in it shows as text and does nothing else.
fn line(text: &mut String, one: &EvidenceTold) {
    let mut line = String::new();
    write_line(&mut line, one);
    for letter in line.chars() {
        if letter.is_control() {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
}

fn write_line(text: &mut String, one: &EvidenceTold) {
    let said = |key: &str| one.record.get(key).and_then(Value::as_str);
    let mut add = |more: std::fmt::Arguments<'_>| {
        let _infallible = text.write_fmt(more);
    };
    add(format_args!("{} {}", one.number, one.at));
    add(format_args!(" {}", said("event").unwrap_or("-")));
    for key in ["id", "subject"] {
        if let Some(id) = said(key) {
            add(format_args!(" {id}"));
        }
    }
    if let Some(entry) = said("entry") {
        let owner = said("owner").unwrap_or("nobody");
        add(format_args!(" by entry `{entry}` of {owner}"));
    }
    if let Some(document) = one.record.get("document") {
        let of = |key: &str| document.get(key).and_then(Value::as_str);
        let end = of("not_after").or(of("expires")).unwrap_or("-");
        match of("serial") {
            Some(serial) => add(format_args!(", X.509 {serial} until {end}")),
            None => add(format_args!(", token until {end}")),
        }
    }
    for key in ["reason", "refused"] {
        if let Some(reason) = said(key) {
            add(format_args!(": {reason}"));
        }
    }
    if let Some(lost) = one.record.get("lost").and_then(Value::as_u64) {
        add(format_args!(" {lost} records for want of room"));
    }
    let caller = one.record.get("caller").cloned().unwrap_or_default();
    if let Ok(caller) = serde_json::from_value::<Attributes>(caller) {
        let seen: Vec<String> = caller
            .iter()
            .flat_map(|(name, values)| {
                values
                    .iter()
                    .map(move |value| format!("{}={value}", name.as_str()))
            })
            .collect();
        if !seen.is_empty() {
            add(format_args!("; seen: {}", seen.join(" ")));
        }
    }
}
