//! Build files step by step, and the commands in their shell scripts.

use palisade_model::{BuildCommand, BuildFile, BuildInstruction, BuildStage, Pipeline};

use crate::context::Context;
use crate::finding::Report;

/// An instruction in its build file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    /// The build file's node.
    pub(crate) pipeline: &'a Pipeline,
    /// The instruction.
    pub(crate) instruction: &'a BuildInstruction,
}

impl Step<'_> {
    /// A report about it; `what` follows the name of the file.
    pub(crate) fn report(&self, what: &str) -> Report {
        Report::new(
            &self.pipeline.id,
            &self.instruction.origin,
            &self.pipeline.content,
            format!("build file `{}` {what}", self.pipeline.name),
        )
    }
}

/// Every build file with its node.
pub(crate) fn builds<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (&'a Pipeline, &'a BuildFile)> {
    let with_build = |pipeline: &'a Pipeline| Some((pipeline, pipeline.build.as_ref()?));
    context.model.pipelines.iter().filter_map(with_build)
}

/// Every instruction of every build file.
pub(crate) fn steps<'a>(context: &Context<'a>) -> impl Iterator<Item = Step<'a>> {
    builds(context).flat_map(|(pipeline, build)| {
        let instructions = build.stages.iter().flat_map(|stage| &stage.instructions);
        instructions.map(move |instruction| Step {
            pipeline,
            instruction,
        })
    })
}

/// Every `RUN` with its commands.
pub(crate) fn runs<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (Step<'a>, Vec<ShellCommand>)> {
    steps(context).filter_map(|step| match &step.instruction.command {
        BuildCommand::Run { script, .. } => Some((step, shell_commands(script))),
        _ => None,
    })
}

/// The user that a stage ends with: its own last `USER`, or that of the stage it starts from.
pub(crate) fn last_user<'a>(build: &'a BuildFile, stage: &'a BuildStage) -> Option<&'a str> {
    let mut stage = stage;
    // Every step goes to an earlier stage, and the bound holds for a file that says otherwise.
    for _ in 0..=build.stages.len() {
        let user = |instruction: &'a BuildInstruction| match &instruction.command {
            BuildCommand::User { user } => Some(user.as_str()),
            _ => None,
        };
        if let Some(user) = stage.instructions.iter().rev().find_map(user) {
            return Some(user);
        }
        stage = build.stages.get(stage.from_stage?)?;
    }
    None
}

/// Whether a `USER` is user 0; `None` when it is a variable.
pub(crate) fn is_root(user: &str) -> Option<bool> {
    let name = user.split(':').next().unwrap_or(user).trim();
    if name.contains('$') {
        return None;
    }
    Some(name == "root" || name.parse() == Ok(0_u32))
}

/// A simple command of a shell script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ShellCommand {
    /// Its words, quotes taken off.
    pub(crate) words: Vec<String>,
    /// Whether it reads what the command before it writes.
    pub(crate) piped: bool,
}

impl ShellCommand {
    /// The program, without its folder; wrappers, assignments and `sudo` are passed over.
    pub(crate) fn program(&self) -> &str {
        self.rest()
            .first()
            .map_or("", |word| word.rsplit('/').next().unwrap_or(word.as_str()))
    }

    /// What follows the program.
    pub(crate) fn arguments(&self) -> &[String] {
        self.rest().get(1..).unwrap_or_default()
    }

    /// Whether one of the arguments is this word.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.arguments().iter().any(|argument| argument == word)
    }

    fn rest(&self) -> &[String] {
        let wrapper = |word: &String| {
            let assigned = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
            });
            let known = [
                "sudo", "exec", "env", "time", "then", "do", "else", "if", "!", "-E",
            ];
            assigned || known.contains(&word.as_str())
        };
        let from = self.words.iter().take_while(|word| wrapper(word)).count();
        self.words.get(from..).unwrap_or_default()
    }
}

/// Takes a script apart into simple commands. Quotes hold separators together; substitutions stay
/// inside their word.
pub(crate) fn shell_commands(script: &str) -> Vec<ShellCommand> {
    let mut splitter = Splitter::default();
    let mut letters = script.chars().peekable();
    while let Some(letter) = letters.next() {
        match (splitter.quote, letter) {
            (Some('\''), '\'') | (Some('"'), '"') => splitter.quote = None,
            (None, '\'' | '"') => {
                splitter.quote = Some(letter);
                splitter.started = true;
            }
            (None | Some('"'), '\\') => {
                if let Some(next) = letters.next().filter(|next| *next != '\n') {
                    splitter.word.push(next);
                }
            }
            (None, '&') if splitter.word.ends_with('>') => splitter.word.push(letter),
            (None, '#') if splitter.word.is_empty() => {
                while letters.next_if(|next| *next != '\n').is_some() {}
            }
            (None, '$') if letters.next_if_eq(&'(').is_some() => splitter.open("$("),
            (None, '<') if letters.next_if_eq(&'(').is_some() => splitter.open("<("),
            (None, ')') if splitter.depth > 0 => {
                splitter.depth -= 1;
                splitter.word.push(')');
            }
            (None, _) if splitter.depth > 0 => splitter.word.push(letter),
            (None, '|') => {
                let either = letters.next_if_eq(&'|').is_some();
                splitter.end_command(!either);
            }
            (None, ';' | '&' | '\n' | '(' | ')') => splitter.end_command(false),
            (None, space) if space.is_whitespace() => splitter.end_word(),
            (Some(_) | None, _) => splitter.word.push(letter),
        }
    }
    splitter.end_command(false);
    splitter.done
}

#[derive(Debug, Default)]
struct Splitter {
    done: Vec<ShellCommand>,
    command: ShellCommand,
    word: String,
    started: bool,
    quote: Option<char>,
    depth: u32,
}

impl Splitter {
    fn open(&mut self, text: &str) {
        self.depth = self.depth.saturating_add(1);
        self.word.push_str(text);
    }

    fn end_word(&mut self) {
        if self.started || !self.word.is_empty() {
            self.command.words.push(std::mem::take(&mut self.word));
        }
        self.started = false;
    }

    fn end_command(&mut self, pipes: bool) {
        self.end_word();
        let command = std::mem::take(&mut self.command);
        if !command.words.is_empty() {
            self.done.push(command);
        }
        self.command.piped = pipes;
    }
}

#[cfg(test)]
mod tests {
    use super::{ShellCommand, is_root, shell_commands};

    #[test]
    fn a_script_is_split_at_its_operators_only() {
        let commands =
            shell_commands("apt-get update && \\\n curl -s 'a;b' | sudo bash # done; rm");
        let words: Vec<Vec<String>> = commands.iter().map(|one| one.words.clone()).collect();
        assert_eq!(
            words,
            [
                vec!["apt-get", "update"],
                vec!["curl", "-s", "a;b"],
                vec!["sudo", "bash"],
            ]
        );
        assert_eq!(
            commands.last().map(|one| (one.piped, one.program())),
            Some((true, "bash"))
        );
    }

    #[test]
    fn a_redirection_does_not_end_a_command() {
        let commands = shell_commands("curl https://x 2>&1 | sh");
        let programs: Vec<&str> = commands.iter().map(ShellCommand::program).collect();
        assert_eq!(programs, ["curl", "sh"]);
    }

    #[test]
    fn a_substitution_stays_in_its_word() {
        let commands = shell_commands("sh -c $(curl -s https://x | cat); ls");
        assert_eq!(commands.len(), 2, "{commands:?}");
        assert_eq!(commands.first().map(|one| one.words.len()), Some(3));
    }

    #[test]
    fn user_zero_is_root_by_name_and_by_number() {
        assert_eq!(is_root("root:root"), Some(true));
        assert_eq!(is_root("0"), Some(true));
        assert_eq!(is_root("1000:0"), Some(false));
        assert_eq!(is_root("${UID}"), None);
    }
}
