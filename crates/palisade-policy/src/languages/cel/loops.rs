//! Loops over lists and maps.

use super::fault::Fault;
use super::machine::{Machine, insert_new};
use super::node::{Comprehension, Fold, Node};
use super::value::Val;

/// One step of a loop: the values of its variables.
type Step<'v> = (Val<'v>, Option<Val<'v>>);

impl<'v> Machine<'v> {
    pub(super) fn comprehension(
        &mut self,
        comprehension: &'v Comprehension,
    ) -> Result<Val<'v>, Fault> {
        let range = self.eval(&comprehension.range)?;
        let two = comprehension.second.is_some();
        let steps = self.steps(range, two)?;
        match &comprehension.fold {
            Fold::All(test) => self.quantify(comprehension, (&steps, range), test, false),
            Fold::Exists(test) => self.quantify(comprehension, (&steps, range), test, true),
            Fold::ExistsOne(test) => {
                let mut count = 0;
                for step in &steps {
                    count += usize::from(self.holds(comprehension, *step, Some(test))?);
                }
                self.touch(range);
                Ok(Val::Bool(count == 1))
            }
            Fold::Filter(test) => self.filter(comprehension, (&steps, range), test),
            Fold::Map { keep, value } => {
                let mut list = Vec::with_capacity(steps.len());
                for step in &steps {
                    if self.holds(comprehension, *step, keep.as_ref())? {
                        list.push(self.eval(value)?);
                    }
                }
                self.new_list(&list)
            }
            Fold::TransformMap { keep, value } => {
                let mut map = Vec::with_capacity(steps.len());
                for step in &steps {
                    if self.holds(comprehension, *step, keep.as_ref())? {
                        map.push((step.0, self.eval(value)?));
                    }
                }
                self.new_map(&map)
            }
            Fold::TransformMapEntry { keep, value } => {
                let mut map = Vec::with_capacity(steps.len());
                for step in &steps {
                    if self.holds(comprehension, *step, keep.as_ref())? {
                        let entry = self.eval(value)?;
                        if !entry.is_map() {
                            return Err(Fault::no_overload().within(value.span));
                        }
                        for (key, value) in entry.entries() {
                            insert_new(&mut map, key, value)?;
                        }
                    }
                }
                self.new_map(&map)
            }
            Fold::SortBy(key) => self.sort_by(comprehension, &steps, key),
        }
    }

    /// What the loop goes over: items, keys, or pairs of index or key with the value.
    fn steps(&self, range: Val<'v>, two: bool) -> Result<Vec<Step<'v>>, Fault> {
        self.context.charge(1 + range.len() as u64)?;
        let index = |at: usize| Val::Int(i64::try_from(at).unwrap_or(i64::MAX));
        if range.is_list() {
            let items = range.items().enumerate();
            return Ok(items
                .map(|(at, item)| {
                    if two {
                        (index(at), Some(item))
                    } else {
                        (item, None)
                    }
                })
                .collect());
        }
        if range.is_map() {
            let entries = range.entries();
            return Ok(entries
                .map(|(key, value)| (key, two.then_some(value)))
                .collect());
        }
        Err(Fault::no_overload())
    }

    fn bind(&mut self, comprehension: &Comprehension, step: Step<'v>) {
        self.set(comprehension.first, step.0);
        if let (Some(slot), Some(value)) = (comprehension.second, step.1) {
            self.set(slot, value);
        }
    }

    /// Binds the step's variables and evaluates a condition over them; no condition holds.
    fn holds(
        &mut self,
        comprehension: &Comprehension,
        step: Step<'v>,
        test: Option<&'v Node>,
    ) -> Result<bool, Fault> {
        self.bind(comprehension, step);
        let Some(test) = test else {
            return Ok(true);
        };
        match self.eval(test)? {
            Val::Bool(value) => Ok(value),
            _ => Err(Fault::no_overload().within(test.span)),
        }
    }

    /// `all` and `exists`: an element that decides wins, even after an error at another one.
    fn quantify(
        &mut self,
        comprehension: &Comprehension,
        (steps, range): (&[Step<'v>], Val<'v>),
        test: &'v Node,
        decides: bool,
    ) -> Result<Val<'v>, Fault> {
        let mut fault = None;
        for step in steps {
            match self.holds(comprehension, *step, Some(test)) {
                Ok(value) if value == decides => return Ok(Val::Bool(value)),
                Ok(_) => {}
                Err(error) if error.exhausted().is_some() => return Err(error),
                Err(error) => {
                    fault.get_or_insert(error);
                }
            }
        }
        self.touch(range);
        fault.map_or(Ok(Val::Bool(!decides)), Err)
    }

    fn filter(
        &mut self,
        comprehension: &Comprehension,
        (steps, range): (&[Step<'v>], Val<'v>),
        test: &'v Node,
    ) -> Result<Val<'v>, Fault> {
        let mut list = Vec::new();
        for step in steps {
            if self.holds(comprehension, *step, Some(test))? {
                list.push(step.0);
            }
        }
        self.touch(range);
        self.new_list(&list)
    }

    fn sort_by(
        &mut self,
        comprehension: &Comprehension,
        steps: &[Step<'v>],
        key: &'v Node,
    ) -> Result<Val<'v>, Fault> {
        let mut keyed = Vec::with_capacity(steps.len());
        for step in steps {
            self.bind(comprehension, *step);
            keyed.push((self.eval(key)?, step.0));
        }
        super::library::lists::sort_pairs(&mut keyed)?;
        let sorted: Vec<Val<'v>> = keyed.into_iter().map(|(_, value)| value).collect();
        self.new_list(&sorted)
    }
}
