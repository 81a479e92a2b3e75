//! What is doubtful in a policy although it loads: what is never used, and what is never reached.

use palisade_model::Origin;

use super::syntax::{Program, Statement, StatementKind};
use crate::error::PolicyError;

/// The doubts about a policy.
pub(super) fn find(program: &Program) -> Vec<PolicyError> {
    let mut found = Vec::new();
    let mut doubt = |span, sentence: String| {
        let origin = Origin::new(&program.file, span);
        found.push(PolicyError::at(origin, sentence));
    };
    for import in &program.imports {
        if !is_used(program, import.slot) {
            let sentence = format!("the import `{}` is never used", import.name);
            doubt(import.span, sentence);
        }
    }
    for parameter in &program.parameters {
        if !is_used(program, parameter.slot) {
            let sentence = format!("the parameter `{}` is never used", parameter.name);
            doubt(parameter.span, sentence);
        }
    }
    let functions = program.functions.iter().map(|function| &function.body);
    let mut blocks: Vec<&[Statement]> = functions.map(|body| &body[..]).collect();
    blocks.push(&program.statements);
    while let Some(block) = blocks.pop() {
        let mut left = false;
        for statement in block {
            if std::mem::take(&mut left) {
                let sentence = "this is never reached: the statement before it leaves the block";
                doubt(statement.span, sentence.to_owned());
            }
            match &statement.kind {
                StatementKind::Return(_) | StatementKind::Break | StatementKind::Continue => {
                    left = true;
                }
                StatementKind::If(_, then, otherwise) => blocks.extend([&then[..], otherwise]),
                StatementKind::Case(_, clauses, otherwise) => {
                    blocks.extend(clauses.iter().map(|clause| &clause.body[..]));
                    blocks.push(otherwise);
                }
                StatementKind::For(_, _, body) => blocks.push(body),
                _ => {}
            }
        }
    }
    found
}

/// Whether a name of the outermost scope occurs anywhere; one that only shadows it counts as well.
fn is_used(program: &Program, slot: u32) -> bool {
    let symbol = program.globals.get(slot as usize);
    let mut uses = program.references.iter();
    uses.any(|reference| Some(&reference.symbol) == symbol)
}
