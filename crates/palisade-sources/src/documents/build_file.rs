//! A build file as policies of its ecosystem expect it: the list that conftest's parser gives.

use std::sync::Arc;

use palisade_document::{Limits, SourceFile, parse_json};
use palisade_model::{BuildFile, Origin};
use serde_json::{Value, json};

use super::{Kind, Places, ReadDocument};

/// Instructions whose words are values of their own; the others have one text.
const WORDS: [&str; 9] = [
    "from", "copy", "add", "expose", "volume", "arg", "env", "label", "onbuild",
];

/// The document of a build file.
pub(crate) fn of_build_file(file: &Arc<SourceFile>, build: &BuildFile) -> ReadDocument {
    let mut text = String::from("[");
    let mut marks = Vec::new();
    let mut add = |origin: &Origin, stage: usize| {
        if marks.last().is_some_and(|(_, last)| last == origin) {
            return;
        }
        if !marks.is_empty() {
            text.push_str(",\n");
        }
        let start = u32::try_from(text.len()).unwrap_or(u32::MAX);
        marks.push((start, origin.clone()));
        let written = file.slice(origin.span);
        text.push_str(&instruction(written, stage).to_string());
    };
    for (name, _) in &build.global_args {
        add(&name.origin, 0);
    }
    for (index, stage) in build.stages.iter().enumerate() {
        add(&stage.origin, index);
        for one in &stage.instructions {
            add(&one.origin, index);
        }
    }
    text.push(']');
    let limits = Limits {
        max_bytes: usize::MAX,
        ..Limits::default()
    };
    let made = Arc::new(SourceFile::new(&**file.path(), text));
    let (document, _) = parse_json(made, &limits);
    ReadDocument {
        kind: Kind::Dockerfile,
        document: Arc::new(document),
        places: Places::Made(marks.into()),
    }
}

fn instruction(written: &str, stage: usize) -> Value {
    let joined = without_breaks(written);
    let (keyword, rest) = joined
        .split_once(char::is_whitespace)
        .unwrap_or((joined.as_str(), ""));
    let command = keyword.to_ascii_lowercase();
    let mut rest = rest.trim();
    let mut flags = Vec::new();
    while rest.starts_with("--") {
        let (flag, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        flags.push(flag.to_owned());
        rest = after.trim_start();
    }
    let words = serde_json::from_str::<Vec<String>>(rest).ok();
    let is_json = words.is_some();
    let values = words.unwrap_or_else(|| {
        if WORDS.contains(&command.as_str()) {
            rest.split_whitespace().map(str::to_owned).collect()
        } else {
            vec![rest.to_owned()]
        }
    });
    json!({
        "Cmd": command,
        "SubCmd": "",
        "Flags": flags,
        "JSON": is_json,
        "Value": values,
        "Stage": stage,
    })
}

/// The instruction on one line: continued lines joined, comments between them left out.
fn without_breaks(written: &str) -> String {
    let lines = written
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let parts: Vec<&str> = lines
        .map(|line| line.trim_end().trim_end_matches('\\').trim())
        .collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_come_as_their_ecosystem_has_them() {
        let of = |written: &str| instruction(written, 1);
        let from = of("FROM --platform=linux/amd64 alpine:3 AS base");
        assert_eq!(from["Cmd"], "from");
        assert_eq!(from["Flags"], json!(["--platform=linux/amd64"]));
        assert_eq!(from["Value"], json!(["alpine:3", "AS", "base"]));
        assert_eq!(from["Stage"], 1);
        let run = of("RUN apk add \\\n  # why\n  curl \\\n && rm -rf /var");
        assert_eq!(run["Value"], json!(["apk add curl && rm -rf /var"]));
        let command = of(r#"ENTRYPOINT ["/app", "serve"]"#);
        assert_eq!(command["Value"], json!(["/app", "serve"]));
        assert_eq!(command["JSON"], true);
    }
}
