//! Build files (Dockerfile, Containerfile): stages, instructions and the images they start from.

mod instructions;
mod preparation;
mod variables;

use std::sync::Arc;

use palisade_document::{Fingerprint, SourceFile, Span};
use palisade_model::{
    BuildFile, BuildInstruction, BuildStage, Fact, ImageRef, NodeId, NodeKind, Origin, Outcome,
    Pipeline,
};
use parse_dockerfile::{ArgInstruction, FromInstruction, Instruction};

use crate::documents::of_build_file;
use crate::facts::Facts;
use crate::formats::dockerfile::instructions::commands;
use crate::formats::dockerfile::preparation::prepare;
use crate::formats::dockerfile::variables::{Assignment, Variables, assignments};

const SLUG: &str = "dockerfile";

/// Whether a file is a build file, by its name.
pub(crate) fn names(path: &str) -> bool {
    let name = super::file_name(path).to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    let end = name.rsplit('.').next().unwrap_or_default();
    let other = matches!(
        end,
        "md" | "txt" | "yaml" | "yml" | "json" | "sh" | "go" | "rs" | "py" | "dockerignore"
    );
    let is_word = |word: &str| matches!(word, "dockerfile" | "containerfile");
    (is_word(stem) || is_word(end)) && !other
}

/// Reads a build file; what stands before a mistake is kept.
pub(crate) fn read(file: &Arc<SourceFile>, facts: &mut Facts) -> Outcome {
    let prepared = prepare(file.text());
    let mut reader = Reader::new(file, prepared.offset);
    let failure = match parse_dockerfile::parse_iter(&prepared.text) {
        Ok(parsed) => parsed
            .map(|instruction| instruction.map(|it| reader.take(&it)))
            .find_map(Result::err),
        Err(error) => Some(error),
    };
    let resources = u32::from(!reader.stages.is_empty());
    let outcome = match failure {
        None => Outcome::Read {
            format: SLUG.to_owned(),
            resources,
        },
        Some(error) => reader.failed(&error, facts),
    };
    if resources > 0 {
        let pipeline = reader.finish();
        if let Some(build) = pipeline.build.as_ref().filter(|_| facts.keeps_documents) {
            facts.documents.push(of_build_file(file, build));
        }
        facts.model.pipelines.push(pipeline);
    }
    outcome
}

/// Collects the stages of one file.
struct Reader<'a> {
    file: &'a Arc<SourceFile>,
    offset: usize,
    variables: Variables,
    global_args: Vec<(Fact<String>, Option<String>)>,
    stages: Vec<BuildStage>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a Arc<SourceFile>, offset: usize) -> Self {
        Self {
            file,
            offset,
            variables: Variables::default(),
            global_args: Vec::new(),
            stages: Vec::new(),
        }
    }

    fn span(&self, span: &std::ops::Range<usize>) -> Span {
        let at = |byte: usize| u32::try_from(byte + self.offset).unwrap_or(u32::MAX);
        Span::new(at(span.start), at(span.end))
    }

    fn origin(&self, span: &std::ops::Range<usize>) -> Origin {
        Origin::new(self.file, self.span(span))
    }

    /// The text as it stands in the file, not as it was prepared for the parser.
    fn written(&self, span: &std::ops::Range<usize>) -> &'a str {
        self.file.slice(self.span(span))
    }

    fn take(&mut self, instruction: &Instruction<'_>) {
        match instruction {
            Instruction::From(from) => self.stage(from),
            Instruction::Arg(arg) if self.stages.is_empty() => self.global(arg),
            other => {
                let more: Vec<BuildInstruction> = commands(self, other);
                if let Some(stage) = self.stages.last_mut() {
                    stage.instructions.extend(more);
                }
            }
        }
    }

    fn global(&mut self, arg: &ArgInstruction<'_>) {
        let origin = self.origin(&(arg.arg.span.start..arg.arguments.span.end));
        for Assignment { name, value } in assignments(&arg.arguments.value) {
            let value = value.map(|value| self.variables.expand(&value).text);
            self.variables.set(&name, value.clone());
            self.global_args
                .push((Fact::new(name, origin.clone()), value));
        }
    }

    fn stage(&mut self, from: &FromInstruction<'_>) {
        let expanded = self.variables.expand(&from.image.value);
        let name = from.as_.as_ref().map(|(_, name)| name.value.to_string());
        let end = from
            .as_
            .as_ref()
            .map_or(from.image.span.end, |(_, name)| name.span.end);
        let is_named = |stage: &BuildStage| {
            stage
                .name
                .as_ref()
                .is_some_and(|name| name.eq_ignore_ascii_case(&expanded.text))
        };
        let from_stage = self.stages.iter().rposition(is_named);
        let has_image = expanded.resolved && from_stage.is_none() && expanded.text != "scratch";
        self.stages.push(BuildStage {
            name,
            image: has_image.then(|| ImageRef::parse(&expanded.text)).flatten(),
            base: Fact::new(expanded.text, self.origin(&from.image.span)),
            from_stage,
            instructions: Vec::new(),
            origin: self.origin(&(from.from.span.start..end)),
        });
    }

    fn failed(&self, error: &parse_dockerfile::Error, facts: &mut Facts) -> Outcome {
        let line = u32::try_from(error.line()).unwrap_or(1).max(1);
        let origin = Origin::new(self.file, self.file.line_span(line));
        let cause = error.to_string();
        let cause = cause.split(" at line ").next().unwrap_or_default();
        let message = format!("this build file cannot be understood from here on: {cause}");
        facts.error(origin, message);
        let reason = format!("{cause} at line {line}");
        if self.stages.is_empty() {
            Outcome::Unread { reason }
        } else {
            Outcome::Partial {
                format: SLUG.to_owned(),
                reason,
            }
        }
    }

    fn finish(self) -> Pipeline {
        let path = self.file.path().to_string();
        let first = Span::new(0, 0);
        let whole = self.stages.first().map_or(first, |stage| stage.origin.span);
        Pipeline {
            id: NodeId::new(NodeKind::Pipeline, &path),
            name: path,
            origin: Origin::new(self.file, whole),
            content: digest(self.file.text()).to_string(),
            makes: Vec::new(),
            deploys: Vec::new(),
            build: Some(BuildFile {
                stages: self.stages,
                global_args: self.global_args,
            }),
        }
    }
}

/// A digest of the lines that say something, so that comments and indentation change nothing.
fn digest(text: &str) -> Fingerprint {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let lines = text.lines().map(str::trim);
    let said = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let bytes = said.flat_map(|line| line.bytes().chain([b'\n']));
    Fingerprint(bytes.fold(BASIS, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    }))
}
