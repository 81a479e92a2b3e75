//! Runs statements.

use super::super::syntax::{
    BinaryOperator, Binding, Clause, ExpressionId, Statement, StatementKind,
};
use super::super::value::{Value, equal};
use super::expressions::{as_key, place_of};
use super::{At, Machine, Outcome, Scope, failed};

/// How a block was left.
pub(super) enum Left<'r> {
    /// At its end.
    End,
    Break,
    Continue,
    Return(Value<'r>),
}

impl<'r> Machine<'r> {
    pub(super) fn run(&self, scope: Scope<'r>, statements: &'r [Statement]) -> Outcome<Left<'r>> {
        for statement in statements {
            self.charge(1)?;
            let left = self.statement(scope, statement)?;
            if !matches!(left, Left::End) {
                return Ok(left);
            }
        }
        Ok(Left::End)
    }

    fn statement(&self, scope: Scope<'r>, statement: &'r Statement) -> Outcome<Left<'r>> {
        let at = At {
            program: scope.module.program,
            span: statement.span,
        };
        match &statement.kind {
            StatementKind::Expression(expression) => {
                self.evaluate(scope, *expression)?;
            }
            StatementKind::Assign(reference, operator, value) => {
                self.assign(scope, at, (*reference, *operator, *value))?;
            }
            StatementKind::AssignIndex(collection, index, operator, value) => {
                self.assign_index(scope, at, (*collection, *index), (*operator, *value))?;
            }
            StatementKind::If(condition, then, otherwise) => {
                let holds = self.evaluate(scope, *condition)?;
                let block = match holds {
                    Value::Bool(true) => then,
                    _ => otherwise,
                };
                return self.deeper(at, || self.run(scope, block));
            }
            StatementKind::Case(subject, clauses, otherwise) => {
                let block = self.chosen(scope, *subject, clauses)?.unwrap_or(otherwise);
                return self.deeper(at, || self.run(scope, block));
            }
            StatementKind::For(collection, binding, body) => {
                return self.repeat(scope, at, (*collection, *binding), body);
            }
            StatementKind::Return(value) => {
                return Ok(Left::Return(match value {
                    Some(value) => self.evaluate(scope, *value)?,
                    None => Value::Undefined,
                }));
            }
            StatementKind::Break => return Ok(Left::Break),
            StatementKind::Continue => return Ok(Left::Continue),
        }
        Ok(Left::End)
    }

    fn assign(
        &self,
        scope: Scope<'r>,
        at: At<'r>,
        (reference, operator, value): (u32, Option<BinaryOperator>, ExpressionId),
    ) -> Outcome<()> {
        let program = scope.module.program;
        let mut value = self.evaluate(scope, value)?;
        let candidates = program
            .references
            .get(reference as usize)
            .map_or(&[][..], |found| found.candidates.of(&program.candidates));
        // Found after the value, which may have declared the name.
        let holder = candidates.iter().find_map(|candidate| {
            let frame = scope.frame.outwards(candidate.hops)?;
            frame
                .get(candidate.slot)
                .map(|held| (frame, candidate, held))
        });
        if let Some((frame, candidate, held)) = holder {
            if matches!(held, Value::Module(_) | Value::Namespace(_)) {
                let sentence =
                    format!("the import `{}` is not assignable", program.name(reference));
                return Err(failed(at, sentence));
            }
            if let Some(operator) = operator {
                value = self.apply(at, operator, held, value)?;
            }
            frame.set(candidate.slot, value);
            return Ok(());
        }
        if operator.is_some() {
            let sentence = format!("`{}` has no value yet", program.name(reference));
            return Err(failed(at, sentence));
        }
        if let Some(here) = candidates.first() {
            scope.frame.set(here.slot, value);
        }
        Ok(())
    }

    fn assign_index(
        &self,
        scope: Scope<'r>,
        at: At<'r>,
        (collection, index): (ExpressionId, ExpressionId),
        (operator, value): (Option<BinaryOperator>, ExpressionId),
    ) -> Outcome<()> {
        let mut value = self.evaluate(scope, value)?;
        let collection = self.evaluate(scope, collection)?;
        let index = self.evaluate(scope, index)?;
        if let Some(operator) = operator {
            let held = self.index(at, collection, index)?;
            value = self.apply(at, operator, held, value)?;
        }
        match (collection, index) {
            (Value::Map(map), key) => {
                let key = as_key(at, key)?;
                map.set(self.arena, key, value);
                Ok(())
            }
            (Value::List(list), Value::Int(index)) => {
                let position = match usize::try_from(index) {
                    Ok(position) => Some(position),
                    Err(_) => usize::try_from(index.unsigned_abs())
                        .ok()
                        .and_then(|back| list.len().checked_sub(back)),
                };
                if position.is_some_and(|position| list.set(self.arena, position, value)) {
                    return Ok(());
                }
                Err(failed(at, format!("the list has no index {index}")))
            }
            (collection, index) => {
                let sentence = format!(
                    "cannot assign to an index of type {} in a {}",
                    index.type_name(),
                    collection.type_name()
                );
                Err(failed(at, sentence))
            }
        }
    }

    /// The body of the first clause that fits.
    fn chosen(
        &self,
        scope: Scope<'r>,
        subject: Option<ExpressionId>,
        clauses: &'r [Clause],
    ) -> Outcome<Option<&'r [Statement]>> {
        let subject = match subject {
            Some(subject) => self.evaluate(scope, subject)?,
            None => Value::Bool(true),
        };
        for clause in clauses {
            for value in &clause.values {
                let value = self.evaluate(scope, *value)?;
                if equal(self, subject, value)? == Some(true) {
                    return Ok(Some(&clause.body));
                }
            }
        }
        Ok(None)
    }

    fn repeat(
        &self,
        scope: Scope<'r>,
        at: At<'r>,
        (collection, binding): (ExpressionId, Binding),
        body: &'r [Statement],
    ) -> Outcome<Left<'r>> {
        let place = place_of(scope, collection);
        let collection = self.evaluate(scope, collection)?;
        let Some(turns) = self.turns(place, collection)? else {
            return Err(failed(place, "what `for` goes through is undefined"));
        };
        let _held = self.hold(turns.len())?;
        let mut frame = None;
        for turn in 0..turns.len() {
            self.charge(1)?;
            let inner = self.turn_frame(scope, binding.scope, frame);
            frame = Some(inner);
            turns.bind(turn, binding, inner);
            let scope = Scope {
                module: scope.module,
                frame: inner,
            };
            match self.deeper(at, || self.run(scope, body))? {
                Left::End | Left::Continue => {}
                Left::Break => break,
                left @ Left::Return(_) => return Ok(left),
            }
        }
        Ok(Left::End)
    }
}
