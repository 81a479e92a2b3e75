//! A compiled expression: immutable, shared between threads.

use super::environment::Environment;
use super::fault::{Fault, Mistake};
use super::machine::Machine;
use super::node::Node;
use super::parser;
use super::regexes::Regexes;
use super::resolve::{self, Resolved};
use super::scope::Scope;
use super::value::Val;
use crate::context::Context;
use crate::datum::Datum;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Program {
    node: Node,
    locals: usize,
    regexes: Regexes,
}

/// A value with the part of the input that it was decided by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'v> {
    pub(crate) value: Val<'v>,
    /// What was looked at last.
    pub(crate) about: Option<Datum<'v>>,
}

impl Program {
    /// Reads and resolves an expression.
    pub(crate) fn compile(text: &str, scope: &Scope) -> Result<Self, Mistake> {
        let expr = parser::parse(text)?;
        let Resolved {
            node,
            locals,
            regexes,
        } = resolve::resolve(&expr, scope)?;
        Ok(Self {
            node,
            locals,
            regexes,
        })
    }

    /// The value.
    pub(crate) fn run<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
    ) -> Result<Val<'v>, Fault> {
        Machine::new(context, environment, self).eval(&self.node)
    }

    /// The value, and what it is about.
    pub(crate) fn judge<'v>(
        &'v self,
        context: &'v Context<'v>,
        environment: &'v Environment<'v>,
    ) -> Result<Judged<'v>, Fault> {
        let mut machine = Machine::new(context, environment, self);
        let value = machine.eval(&self.node)?;
        Ok(Judged {
            value,
            about: machine.touched.get(),
        })
    }

    pub(super) fn locals(&self) -> usize {
        self.locals
    }

    pub(super) fn regexes(&self) -> &Regexes {
        &self.regexes
    }
}
