//! Paths through a graph.

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::{Builtin, argument, items_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[Builtin::new("graph.reachable_paths", 2, reachable_paths)];

/// Most nodes in all paths together.
const MAX_NODES: usize = 1_000_000;

/// A node of the way that is being followed, with the neighbours that are left.
struct Step<'t> {
    node: &'t Term,
    left: std::slice::Iter<'t, Term>,
}

/// From each node on, every neighbour is followed on ways of its own; a node that was passed on one
/// of them ends the way before it, as in OPA.
fn reachable_paths(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let graph = argument(arguments, 0)?;
    if !matches!(graph, Term::Object(_)) {
        return Err(wrong_type(0, "object", graph));
    }
    let edges = |node: &Term| -> Option<&[Term]> {
        let entries = graph.entries();
        let at = entries
            .binary_search_by(|(key, _)| key.compare(node))
            .ok()?;
        let (_, neighbours) = entries.get(at)?;
        Some(neighbours.items().unwrap_or_default())
    };
    let mut paths = Paths::default();
    for root in items_argument(arguments, 1)? {
        let Some(neighbours) = edges(root) else {
            continue;
        };
        if neighbours.is_empty() {
            paths.add([root])?;
        }
        for neighbour in neighbours {
            follow(root, neighbour, &edges, &mut paths)?;
        }
    }
    Ok(Term::set(paths.found.into_iter().map(Term::Array)))
}

fn follow<'t>(
    root: &'t Term,
    neighbour: &'t Term,
    edges: &impl Fn(&Term) -> Option<&'t [Term]>,
    paths: &mut Paths,
) -> Result<(), Fault> {
    let mut reached = vec![root];
    let mut way: Vec<Step<'t>> = Vec::new();
    let mut next = Some(neighbour);
    loop {
        if let Some(node) = next.take() {
            let nodes = || std::iter::once(root).chain(way.iter().map(|step| step.node));
            match edges(node) {
                None => paths.add(nodes())?,
                Some([]) => paths.add(nodes().chain([node]))?,
                Some(neighbours) => way.push(Step {
                    node,
                    left: neighbours.iter(),
                }),
            }
        }
        let Some(step) = way.last_mut() else {
            return Ok(());
        };
        let Some(neighbour) = step.left.next() else {
            way.pop();
            continue;
        };
        let at = reached.binary_search_by(|known| known.compare(neighbour));
        if at.is_ok() {
            paths.add(std::iter::once(root).chain(way.iter().map(|step| step.node)))?;
            continue;
        }
        let passed = step.node;
        if let Err(at) = reached.binary_search_by(|known| known.compare(passed)) {
            reached.insert(at, passed);
        }
        next = Some(neighbour);
    }
}

#[derive(Default)]
struct Paths {
    found: Vec<Vec<Term>>,
    nodes: usize,
}

impl Paths {
    fn add<'t>(&mut self, path: impl IntoIterator<Item = &'t Term>) -> Result<(), Fault> {
        let path: Vec<Term> = path.into_iter().cloned().collect();
        self.nodes += path.len();
        if self.nodes > MAX_NODES {
            return Err(Fault::halt(format!(
                "the paths of the graph hold more than {MAX_NODES} nodes"
            )));
        }
        self.found.push(path);
        Ok(())
    }
}
