//! A compiled policy set, and its answers about a plan or the system.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use palisade_document::{SourceFile, Span};
use palisade_model::Origin;

use super::configuration::{self, Configuration, ConfigurationMistake, PolicyEntry};
use super::discovery::defines_main;
use super::doubts;
use super::environment::{Environment, Source};
use super::judgement::{Judgement, Trial, Verdict, judge};
use super::loader::{Loader, Mocks, beside, document};
use super::own_stack;
use super::places;
use super::syntax::Program;
use super::{configuration::enforcement, terraform};
use crate::answer::{Answer, Enforcement, Status};
use crate::budget::Budget;
use crate::compiled::{Compiled, RuleSummary};
use crate::context::Context;
use crate::error::{EvaluationError, PolicyError};
use crate::input::{Input, Subject};
use crate::language::{Bundle, Settings};

/// Most bytes of what a policy printed that an answer carries.
const MAX_MESSAGE: usize = 4096;

/// Policies that were compiled together.
#[derive(Debug, Default)]
pub(super) struct PolicySet {
    summaries: Vec<RuleSummary>,
    policies: Vec<Policy>,
    broken: Vec<Broken>,
    mistakes: Vec<PolicyError>,
    doubts: Vec<PolicyError>,
}

/// A policy that does not load; it answers with its mistake, so that the rest of its set still
/// judges and a gate still closes.
#[derive(Debug)]
struct Broken {
    name: String,
    enforcement: Enforcement,
    mistake: PolicyError,
}

#[derive(Debug)]
struct Policy {
    name: String,
    program: Arc<Program>,
    environment: Environment,
    enforcement: Enforcement,
    /// Where `main` stands.
    main: (Arc<SourceFile>, Span),
    subject: Subject,
}

/// Compiles a bundle. A policy with mistakes is kept as one that answers with an error, unless no
/// policy of the bundle is without.
pub(super) fn compile(
    bundle: &Bundle,
    settings: &Settings,
) -> Result<Arc<dyn Compiled>, Vec<PolicyError>> {
    let read = |path: &str| {
        let file = bundle.files.get(path).map(Arc::clone);
        file.ok_or_else(|| missing(path))
    };
    let loader = Loader::new(&read);
    let (path, configuration) = configured(bundle).map_err(|error| vec![error])?;
    let mut set = PolicySet::default();
    for entry in &configuration.policies {
        match policy(&loader, (&path, &configuration), entry, settings) {
            Ok(policy) => {
                set.summaries.push(policy.summary());
                set.doubts.extend(doubts::find(&policy.program));
                set.policies.push(policy);
            }
            Err(found) => {
                let found = found.into_iter().map(|error| match error.origin {
                    Some(_) => error,
                    None => place_in_configuration(bundle, &path, entry.span, error),
                });
                set.add_broken(entry, found.collect());
            }
        }
    }
    if set.policies.is_empty() && !set.mistakes.is_empty() {
        return Err(set.mistakes);
    }
    Ok(Arc::new(set))
}

impl PolicySet {
    fn add_broken(&mut self, entry: &PolicyEntry, mistakes: Vec<PolicyError>) {
        let enforcement = enforcement(entry.level.as_deref()).unwrap_or(Enforcement::Deny);
        if let Some(mistake) = mistakes.first() {
            self.summaries.push(RuleSummary {
                policy: entry.name.clone(),
                rule: String::new(),
                title: String::new(),
                severity: None,
                enforcement,
                origin: mistake.origin.clone(),
                subjects: Vec::new(),
            });
            self.broken.push(Broken {
                name: entry.name.clone(),
                enforcement,
                mistake: mistake.clone(),
            });
        }
        for mistake in mistakes {
            if !self.mistakes.contains(&mistake) {
                self.mistakes.push(mistake);
            }
        }
    }
}

/// Why a file that is named is not in the bundle.
fn missing(path: &str) -> String {
    if path.starts_with("../") {
        return format!(
            "`{path}` is not there, or lies outside of the run's folder and of the policies' repository; run in a folder that holds both, or copy it beside the policies"
        );
    }
    format!("`{path}` is not there")
}

fn place_in_configuration(
    bundle: &Bundle,
    path: &str,
    span: Span,
    error: PolicyError,
) -> PolicyError {
    match bundle.files.get(path) {
        Some(file) => PolicyError::at(Origin::new(file, span), error.message),
        None => error,
    }
}

fn read(file: &Arc<SourceFile>) -> Result<Configuration, PolicyError> {
    configuration::read(file).map_err(|mistake| placed(file, mistake))
}

fn placed(file: &Arc<SourceFile>, mistake: ConfigurationMistake) -> PolicyError {
    PolicyError::at(Origin::new(file, mistake.span), mistake.message)
}

/// The bundle's configuration, with its overrides, and its path; without one, every text with a `main` is a policy.
fn configured(bundle: &Bundle) -> Result<(String, Configuration), PolicyError> {
    let configured = bundle.files.iter().find(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or_default();
        matches!(name, "sentinel.hcl" | "sentinel.json")
    });
    if let Some((path, file)) = configured {
        let mut configuration = read(file)?;
        // The files of a bundle are sorted by their paths, as overrides are taken.
        for (beside, file) in &bundle.files {
            if configuration::is_override(path, beside) {
                let over = read(file)?;
                configuration::override_with(&mut configuration, over)
                    .map_err(|mistake| placed(file, mistake))?;
            }
        }
        return Ok((path.clone(), configuration));
    }
    let policies = bundle
        .files
        .iter()
        .filter(|(path, file)| path.ends_with(".sentinel") && defines_main(file.text()));
    let policies = policies.map(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or_default();
        PolicyEntry {
            name: name.trim_end_matches(".sentinel").to_owned(),
            source: Some(path.clone()),
            level: None,
            parameters: None,
            span: Span::default(),
        }
    });
    let configuration = Configuration {
        policies: policies.collect(),
        ..Configuration::default()
    };
    Ok((String::new(), configuration))
}

fn policy(
    loader: &Loader<'_>,
    (path, configuration): (&str, &Configuration),
    entry: &PolicyEntry,
    settings: &Settings,
) -> Result<Policy, Vec<PolicyError>> {
    let one = |message: String| vec![PolicyError::new(message)];
    let source = beside(path, &entry.source()).map_err(one)?;
    let program = loader.program(&source).map_err(|error| vec![error])?;
    let Some(enforcement) = enforcement(entry.level.as_deref()) else {
        let level = entry.level.as_deref().unwrap_or_default();
        return Err(one(format!(
            "`{level}` is no enforcement level; use advisory, soft-mandatory or hard-mandatory"
        )));
    };
    let mut environment = loader.environment(configuration, path, Mocks::LeaveOut);
    for (name, value) in entry.parameters.iter().flatten() {
        environment.parameters.insert(name.clone(), document(value));
    }
    for (name, json) in &settings.parameters {
        let value = serde_json::from_str(json)
            .map_err(|_| one(format!("the value of the parameter `{name}` is no JSON")))?;
        environment
            .parameters
            .insert(name.clone(), document(&value));
    }
    let mut imported = Imported::default();
    imported.follow(&program, &environment);
    let main = program
        .rules
        .iter()
        .rfind(|rule| rule.name == "main")
        .map_or_else(Span::default, |rule| rule.span);
    if program.global("main").is_none() {
        imported.mistakes.push(PolicyError::at(
            Origin::new(&program.file, Span::default()),
            "the policy has no rule `main`",
        ));
    }
    for parameter in &program.parameters {
        let given = environment.parameters.contains_key(&parameter.name);
        if !given && parameter.default.is_none() {
            imported.mistakes.push(PolicyError::at(
                Origin::new(&program.file, parameter.span),
                format!(
                    "the parameter `{}` is required and has no value",
                    parameter.name
                ),
            ));
        }
    }
    if !imported.mistakes.is_empty() {
        return Err(imported.mistakes);
    }
    let subject = if imported.names.contains("palisade") && !imported.asks_terraform() {
        Subject::System
    } else {
        Subject::TerraformPlan
    };
    Ok(Policy {
        name: entry.name.clone(),
        main: (Arc::clone(&program.file), main),
        program,
        environment,
        enforcement,
        subject,
    })
}

/// The imports of a policy and of its modules.
#[derive(Default)]
struct Imported {
    names: BTreeSet<String>,
    mistakes: Vec<PolicyError>,
}

impl Imported {
    fn follow(&mut self, program: &Program, environment: &Environment) {
        let mut programs = vec![program];
        while let Some(program) = programs.pop() {
            for import in &program.imports {
                let found = environment.imports.get(&import.name);
                let problem = match found {
                    Some(Source::Missing(reason)) => Some(reason.clone()),
                    None if !is_known(&import.name, environment) => {
                        Some("it is not known; say where it is in `sentinel.hcl`".to_owned())
                    }
                    _ => None,
                };
                if let Some(reason) = problem {
                    let origin = Origin::new(&program.file, import.span);
                    let sentence = format!("cannot load the import `{}`: {reason}", import.name);
                    self.mistakes.push(PolicyError::at(origin, sentence));
                }
                if let Some(Source::Module(module)) = found
                    && !self.names.contains(&import.name)
                {
                    programs.push(module);
                }
                self.names.insert(import.name.clone());
            }
        }
    }

    fn asks_terraform(&self) -> bool {
        self.names.iter().any(|name| terraform::knows(name))
    }
}

impl Policy {
    fn summary(&self) -> RuleSummary {
        let main = self.program.rules.iter().rfind(|rule| rule.name == "main");
        RuleSummary {
            policy: self.name.clone(),
            rule: String::new(),
            title: main.map_or_else(String::new, |rule| rule.description.clone()),
            severity: None,
            enforcement: self.enforcement,
            origin: Some(Origin::new(&self.main.0, self.main.1)),
            subjects: Vec::new(),
        }
    }

    fn answer(&self, judgement: &Judgement, input: &Input<'_>) -> Answer {
        let (status, sentence) = match &judgement.verdict {
            Verdict::Passes => (Status::Pass, String::new()),
            Verdict::Fails => (Status::Fail, failing(judgement)),
            Verdict::Undefined(place) => {
                let place = place.as_ref().map(|(file, span)| {
                    let at = file.position(span.start);
                    format!(
                        ", which came up at {}:{}:{}",
                        file.path(),
                        at.line,
                        at.column
                    )
                });
                let place = place.unwrap_or_default();
                (Status::Error, format!("`main` is undefined{place}"))
            }
            Verdict::Stopped(fault) => (Status::Error, fault.message()),
        };
        let mut answer = Answer::new(&self.name, "", status);
        answer.enforcement = self.enforcement;
        let at = match &judgement.verdict {
            Verdict::Stopped(fault) => fault.place().cloned(),
            Verdict::Undefined(place) => place.clone(),
            Verdict::Fails => judgement
                .rules
                .iter()
                .find(|rule| !rule.passes)
                .map(|rule| rule.place.clone()),
            Verdict::Passes => None,
        };
        let (file, span) = at.unwrap_or_else(|| self.main.clone());
        answer.defined_at = Some(Origin::new(&file, span));
        if status == Status::Pass {
            return answer;
        }
        answer.message = sentence;
        if status == Status::Fail {
            let suspect = places::suspect(judgement, input.document);
            if let Some((file, span)) = suspect {
                answer.place = Some(Origin::new(&file, span));
                answer.path = places::pointer(input, &file, span);
            }
        }
        answer
    }
}

/// What a failing policy printed, or which of its rules failed.
fn failing(judgement: &Judgement) -> String {
    let mut printed = judgement.prints.join("\n").trim().to_owned();
    if printed.len() > MAX_MESSAGE {
        let end = (0..=MAX_MESSAGE)
            .rev()
            .find(|end| printed.is_char_boundary(*end));
        printed.truncate(end.unwrap_or(0));
        printed.push('…');
    }
    if !printed.is_empty() {
        return printed;
    }
    let failing = judgement.rules.iter().filter(|rule| !rule.passes);
    let failing: Vec<String> = failing
        .map(|rule| {
            let (file, span) = &rule.place;
            let line = file.position(span.start).line;
            format!(
                "`{}` at {}:{line} is {}",
                rule.name,
                file.path(),
                rule.shown
            )
        })
        .collect();
    if failing.is_empty() {
        "`main` does not pass".to_owned()
    } else {
        failing.join(", ")
    }
}

/// Whether an import comes from the engine or is a part of static data.
fn is_known(name: &str, environment: &Environment) -> bool {
    let part_of_data = name.rmatch_indices('/').any(|(end, _)| {
        let whole = name.get(..end).unwrap_or_default();
        matches!(environment.imports.get(whole), Some(Source::Data(_)))
    });
    part_of_data
        || name == "palisade"
        || terraform::knows(name)
        || super::imports::namespace(name).is_some()
}

impl Compiled for PolicySet {
    fn language(&self) -> &'static str {
        "sentinel"
    }

    fn rules(&self) -> &[RuleSummary] {
        &self.summaries
    }

    fn errors(&self) -> &[PolicyError] {
        &self.mistakes
    }

    fn warnings(&self) -> &[PolicyError] {
        &self.doubts
    }

    fn evaluate<'a>(
        &self,
        context: &Context<'a>,
        input: &Input<'a>,
    ) -> Result<Vec<Answer>, EvaluationError> {
        let asked: Vec<&Policy> = self
            .policies
            .iter()
            .filter(|policy| policy.subject == input.subject)
            .collect();
        let (effects, budget) = (context.effects, *context.meter.budget());
        let (started, whole) = (Instant::now(), context.meter.until_deadline());
        let judge_all = || {
            let trials = asked.iter().map(|policy| {
                let time = budget.time.min(whole.saturating_sub(started.elapsed()));
                let budget = Budget { time, ..budget };
                judge(&Trial {
                    program: &policy.program,
                    environment: &policy.environment,
                    input: Some(input),
                    effects,
                    budget,
                    expected: None,
                })
            });
            trials.collect::<Vec<Judgement>>()
        };
        let judgements = if asked.is_empty() {
            Vec::new()
        } else {
            own_stack::run(judge_all).ok_or_else(|| EvaluationError::Failed {
                message: "the system gives no thread to judge in".to_owned(),
                origin: None,
            })?
        };
        let mut answers = Vec::new();
        for (policy, judgement) in asked.into_iter().zip(judgements) {
            answers.push(policy.answer(&judgement, input));
            for line in judgement.prints {
                context.print(line)?;
            }
        }
        // What a broken policy is about cannot be told; it answers wherever its language judges.
        if matches!(input.subject, Subject::TerraformPlan | Subject::System) {
            answers.extend(self.broken.iter().map(Broken::answer));
        }
        Ok(answers)
    }
}

impl Broken {
    fn answer(&self) -> Answer {
        let mut answer = Answer::new(&self.name, "", Status::Error);
        answer.enforcement = self.enforcement;
        answer.message.clone_from(&self.mistake.message);
        answer.defined_at.clone_from(&self.mistake.origin);
        answer
    }
}
