//! Builtins of the first dialect that policies in use still call.

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::{Builtin, argument, items_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("any", 1, |arguments, _| {
        let items = items_argument(arguments, 0)?;
        Ok(Term::Bool(items.contains(&Term::Bool(true))))
    }),
    Builtin::new("all", 1, |arguments, _| {
        let items = items_argument(arguments, 0)?;
        Ok(Term::Bool(
            items.iter().all(|item| *item == Term::Bool(true)),
        ))
    }),
    Builtin::new("set_diff", 2, difference),
];

fn difference(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let sides = (argument(arguments, 0)?, argument(arguments, 1)?);
    let (Term::Set(left), Term::Set(right)) = sides else {
        return Err(wrong_type(0, "set", sides.0));
    };
    Ok(Term::set(
        left.iter().filter(|item| !right.contains(item)).cloned(),
    ))
}
