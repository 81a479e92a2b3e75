//! What single instructions of a build file come to.

use std::ops::Range;

use palisade_model::{BuildCommand, BuildInstruction};
use parse_dockerfile::{
    AddInstruction, Command, CopyInstruction, Flag, HealthcheckArguments, Instruction,
    RunInstruction, Source, UnescapedString,
};

use crate::credentials;
use crate::formats::dockerfile::Reader;
use crate::formats::dockerfile::variables::assignments;

/// The commands of an instruction; more than one for `ENV A=1 B=2`.
pub(super) fn commands(
    reader: &Reader<'_>,
    instruction: &Instruction<'_>,
) -> Vec<BuildInstruction> {
    let (span, commands) = read(reader, instruction);
    let origin = reader.origin(&span);
    commands
        .into_iter()
        .map(|command| BuildInstruction {
            command,
            origin: origin.clone(),
        })
        .collect()
}

fn read(reader: &Reader<'_>, instruction: &Instruction<'_>) -> (Range<usize>, Vec<BuildCommand>) {
    match instruction {
        Instruction::Run(run) => run_command(reader, run),
        Instruction::Add(add) => add_command(add),
        Instruction::Copy(copy) => copy_command(copy),
        Instruction::Arg(arg) => (
            arg.arg.span.start..arg.arguments.span.end,
            variables(&arg.arguments, true),
        ),
        Instruction::Env(env) => (
            env.env.span.start..env.arguments.span.end,
            variables(&env.arguments, false),
        ),
        Instruction::Onbuild(onbuild) => {
            let (span, mut commands) = read(reader, &onbuild.instruction);
            commands.insert(0, other("ONBUILD"));
            (onbuild.onbuild.span.start..span.end, commands)
        }
        Instruction::Healthcheck(check) => {
            let (end, none) = match &check.arguments {
                HealthcheckArguments::Cmd { arguments, .. } => (command_end(arguments), false),
                HealthcheckArguments::None { none, .. } => (none.span.end, true),
                _ => (check.healthcheck.span.end, false),
            };
            let command = BuildCommand::Healthcheck { none };
            (check.healthcheck.span.start..end, vec![command])
        }
        simple => {
            let (span, command) = simple_command(reader, simple);
            (span, vec![command])
        }
    }
}

fn simple_command(
    reader: &Reader<'_>,
    instruction: &Instruction<'_>,
) -> (Range<usize>, BuildCommand) {
    match instruction {
        Instruction::User(it) => (
            it.user.span.start..it.arguments.span.end,
            BuildCommand::User {
                user: it.arguments.value.to_string(),
            },
        ),
        Instruction::Workdir(it) => (
            it.workdir.span.start..it.arguments.span.end,
            BuildCommand::Workdir {
                path: it.arguments.value.to_string(),
            },
        ),
        Instruction::Expose(it) => (
            it.expose.span.start..last_end(&it.arguments, it.expose.span.end),
            BuildCommand::Expose {
                ports: texts(&it.arguments),
            },
        ),
        Instruction::Entrypoint(it) => (
            it.entrypoint.span.start..command_end(&it.arguments),
            BuildCommand::Entrypoint {
                words: words(reader, &it.arguments),
            },
        ),
        Instruction::Cmd(it) => (
            it.cmd.span.start..command_end(&it.arguments),
            BuildCommand::Cmd {
                words: words(reader, &it.arguments),
            },
        ),
        Instruction::Shell(it) => (
            it.shell.span.start..last_end(&it.arguments, it.shell.span.end),
            BuildCommand::Shell {
                words: texts(&it.arguments),
            },
        ),
        Instruction::Label(it) => (
            it.label.span.start..it.arguments.span.end,
            BuildCommand::Label {
                keys: assignments(&it.arguments.value)
                    .into_iter()
                    .map(|label| label.name)
                    .collect(),
            },
        ),
        Instruction::Volume(it) => (it.volume.span.clone(), BuildCommand::Volume),
        Instruction::Maintainer(it) => (
            it.maintainer.span.start..it.name.span.end,
            other("MAINTAINER"),
        ),
        Instruction::Stopsignal(it) => (
            it.stopsignal.span.start..it.arguments.span.end,
            other("STOPSIGNAL"),
        ),
        _ => (0..0, other("UNKNOWN")),
    }
}

fn other(keyword: &str) -> BuildCommand {
    BuildCommand::Other {
        keyword: keyword.to_owned(),
    }
}

fn run_command(reader: &Reader<'_>, run: &RunInstruction<'_>) -> (Range<usize>, Vec<BuildCommand>) {
    let mut script = match &run.arguments {
        Command::Exec(words) => texts(&words.value).join(" "),
        Command::Shell(text) => joined(reader.written(&text.span)),
        _ => String::new(),
    };
    for document in &run.here_docs {
        if !script.is_empty() {
            script.push('\n');
        }
        script.push_str(&document.value);
    }
    let of = |name: &str, wanted: &str| {
        run.options.iter().any(|flag| {
            flag.name.value == name
                && flag
                    .value
                    .as_ref()
                    .is_some_and(|value| value.value.split(',').any(|part| part == wanted))
        })
    };
    let risky = [("security", "insecure"), ("network", "host")];
    let privileged = risky
        .iter()
        .find(|(name, value)| of(name, value))
        .map(|(name, value)| format!("--{name}={value}"));
    let command = BuildCommand::Run {
        script,
        mounts_secret: of("mount", "type=secret"),
        privileged,
    };
    (
        run.run.span.start..command_end(&run.arguments),
        vec![command],
    )
}

fn add_command(add: &AddInstruction<'_>) -> (Range<usize>, Vec<BuildCommand>) {
    let command = BuildCommand::Add {
        sources: sources(&add.src),
        checksum: flag(&add.options, "checksum").is_some(),
    };
    (add.add.span.start..add.dest.span.end, vec![command])
}

fn copy_command(copy: &CopyInstruction<'_>) -> (Range<usize>, Vec<BuildCommand>) {
    let command = BuildCommand::Copy {
        sources: sources(&copy.src),
        from: flag(&copy.options, "from"),
    };
    (copy.copy.span.start..copy.dest.span.end, vec![command])
}

fn variables(arguments: &UnescapedString<'_>, build_argument: bool) -> Vec<BuildCommand> {
    assignments(&arguments.value)
        .into_iter()
        .map(|it| BuildCommand::Variable {
            build_argument,
            turns_verification_off: it
                .value
                .as_ref()
                .is_some_and(|value| turns_verification_off(&it.name, value)),
            secret: it
                .value
                .and_then(|value| credentials::secret(&it.name, &value)),
            name: it.name,
        })
        .collect()
}

/// Variables that make git, pip, npm, Node.js and Python accept any certificate.
fn turns_verification_off(name: &str, value: &str) -> bool {
    match name.to_ascii_uppercase().as_str() {
        "GIT_SSL_NO_VERIFY" | "PIP_TRUSTED_HOST" => !value.is_empty(),
        "NODE_TLS_REJECT_UNAUTHORIZED" | "PYTHONHTTPSVERIFY" => value == "0",
        "NPM_CONFIG_STRICT_SSL" => value.eq_ignore_ascii_case("false"),
        _ => false,
    }
}

fn flag(flags: &[Flag<'_>], name: &str) -> Option<String> {
    let flag = flags.iter().find(|flag| flag.name.value == name)?;
    Some(flag.value.as_ref()?.value.to_string())
}

fn sources(sources: &[Source<'_>]) -> Vec<String> {
    sources
        .iter()
        .filter_map(|source| match source {
            Source::Path(path) => Some(path.value.to_string()),
            _ => None,
        })
        .collect()
}

fn texts(words: &[UnescapedString<'_>]) -> Vec<String> {
    words.iter().map(|word| word.value.to_string()).collect()
}

fn last_end(words: &[UnescapedString<'_>], fallback: usize) -> usize {
    words.last().map_or(fallback, |word| word.span.end)
}

fn command_end(command: &Command<'_>) -> usize {
    match command {
        Command::Exec(words) => words.span.end,
        Command::Shell(text) => text.span.end,
        _ => 0,
    }
}

/// The words of the exec form, or what a shell is given; nothing for an emptied entry point.
fn words(reader: &Reader<'_>, command: &Command<'_>) -> Vec<String> {
    match command {
        Command::Exec(words) => texts(&words.value),
        Command::Shell(text) => {
            let written = reader.written(&text.span);
            let is_empty_exec = written
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .is_some_and(|inside| inside.trim().is_empty());
            if is_empty_exec {
                return Vec::new();
            }
            let shell = ["/bin/sh".to_owned(), "-c".to_owned()];
            shell.into_iter().chain([joined(written)]).collect()
        }
        _ => Vec::new(),
    }
}

/// A shell text with its continued lines joined and the comments between them left out.
fn joined(text: &str) -> String {
    let mut script = String::new();
    let mut goes_on = false;
    for line in text.lines() {
        let is_comment = line.trim_start().starts_with('#');
        if goes_on && is_comment {
            continue;
        }
        if !script.is_empty() {
            script.push(if goes_on { ' ' } else { '\n' });
        }
        let trimmed = line.trim_end();
        let head = trimmed.strip_suffix('\\');
        goes_on = head.is_some();
        script.push_str(head.unwrap_or(trimmed).trim());
    }
    script
}
