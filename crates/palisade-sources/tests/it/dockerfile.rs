//! Build files: stages, substitution, here-documents and mistakes.

use palisade_model::{BuildCommand, BuildFile, DiagnosticLevel, Outcome};
use palisade_sources::{Options, Reading, read_texts};

fn read(text: &str) -> Reading {
    read_texts(&[("app/Dockerfile", text)], &Options::default())
}

fn build(reading: &Reading) -> &BuildFile {
    reading.model.pipelines[0].build.as_ref().unwrap()
}

#[test]
fn stages_know_their_base_and_the_stage_they_start_from() {
    let reading = read(
        "ARG GO=1.22\nARG SUFFIX\nFROM golang:${GO} AS build\nFROM alpine${SUFFIX:+-x}:3\nFROM build\nFROM scratch\nFROM ${UNKNOWN}/x\n",
    );
    let told: Vec<(&str, Option<&str>, Option<usize>)> = build(&reading)
        .stages
        .iter()
        .map(|stage| {
            let image = stage.image.as_ref().map(|image| image.repository.as_str());
            (stage.base.value.as_str(), image, stage.from_stage)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("golang:1.22", Some("library/golang"), None),
            ("alpine:3", Some("library/alpine"), None),
            ("build", None, Some(0)),
            ("scratch", None, None),
            ("${UNKNOWN}/x", None, None),
        ]
    );
    assert_eq!(build(&reading).global_args[0].1.as_deref(), Some("1.22"));
}

#[test]
fn empty_exec_forms_have_no_words_and_keep_places() {
    let reading = read("FROM a:1\nENTRYPOINT []\nCMD [ ]\nUSER 1000\n");
    let instructions = &build(&reading).stages[0].instructions;
    assert_eq!(
        instructions[0].command,
        BuildCommand::Entrypoint { words: vec![] }
    );
    assert_eq!(instructions[1].command, BuildCommand::Cmd { words: vec![] });
    assert_eq!(instructions[2].origin.start.line, 4);
    assert_eq!(reading.diagnostics, []);
}

#[test]
fn scripts_hold_continued_lines_and_here_documents() {
    let reading = read(
        "FROM a:1\nRUN apk add \\\n  # why\n  curl\nRUN <<EOF\nset -e\nEOF\nRUN cat <<EOF > /x && y\nbody \\\nmore\nEOF\nRUN --mount=type=secret,id=x --security=insecure [\"a\", \"b\"]\n",
    );
    assert_eq!(reading.diagnostics, []);
    let scripts: Vec<(&str, bool, Option<&str>)> = build(&reading).stages[0]
        .instructions
        .iter()
        .map(|it| match &it.command {
            BuildCommand::Run {
                script,
                mounts_secret,
                privileged,
            } => (script.as_str(), *mounts_secret, privileged.as_deref()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(scripts[0], ("apk add curl", false, None));
    assert_eq!(scripts[1].0, "set -e\n");
    assert!(scripts[2].0.starts_with("cat <<EOF > /x && y\nbody"));
    assert!(scripts[2].0.contains("more"));
    assert_eq!(scripts[3], ("a b", true, Some("--security=insecure")));
}

#[test]
fn variables_and_sources_are_told_apart() {
    let reading = read(
        "FROM a:1\nENV A=1 B=\"x y\"\nARG C\nADD --checksum=sha256:0 https://x/y /z\nCOPY --from=b /c /d\nHEALTHCHECK NONE\nONBUILD USER app\n",
    );
    let commands: Vec<&BuildCommand> = build(&reading).stages[0]
        .instructions
        .iter()
        .map(|it| &it.command)
        .collect();
    let named = |command: &BuildCommand| match command {
        BuildCommand::Variable {
            name,
            build_argument,
            ..
        } => Some((name.clone(), *build_argument)),
        _ => None,
    };
    assert_eq!(named(commands[0]), Some(("A".to_owned(), false)));
    assert_eq!(named(commands[1]), Some(("B".to_owned(), false)));
    assert_eq!(named(commands[2]), Some(("C".to_owned(), true)));
    assert_eq!(
        commands[3],
        &BuildCommand::Add {
            sources: vec!["https://x/y".to_owned()],
            checksum: true
        }
    );
    assert_eq!(
        commands[4],
        &BuildCommand::Copy {
            sources: vec!["/c".to_owned()],
            from: Some("b".to_owned())
        }
    );
    assert_eq!(commands[5], &BuildCommand::Healthcheck { none: true });
    assert!(matches!(commands[6], BuildCommand::Other { keyword } if keyword == "ONBUILD"));
    assert!(matches!(commands[7], BuildCommand::User { user } if user == "app"));
}

#[test]
fn a_mistake_keeps_what_stands_before_it() {
    let reading = read("FROM a:1\nUSER app\nFRUM b\n");
    assert!(matches!(
        &reading.accounts[0].outcome,
        Outcome::Partial { format, .. } if format == "dockerfile"
    ));
    assert_eq!(build(&reading).stages[0].instructions.len(), 1);
    let diagnostic = &reading.diagnostics[0];
    assert_eq!(diagnostic.level, DiagnosticLevel::Error);
    assert_eq!(diagnostic.origin.as_ref().unwrap().start.line, 3);
}

#[test]
fn hostile_texts_end_in_an_account() {
    for text in [
        "RUN <<",
        "RUN a <<X\n",
        "FROM",
        "\u{feff}FROM a\nRUN x\\",
        "FROM ${",
        "ONBUILD",
        "FROM a\nENV",
        "FROM a\nRUN <<A <<B\nx\nA\ny\nB\n",
        "Rünn x <<A\nA\n",
    ] {
        assert_eq!(read(text).accounts.len(), 1, "{text}");
    }
}
