//! Layers of a graph: columns by rank, and an order within each.
//!
//! Ranks are longest paths after edges that close a cycle are left out; the order within a rank
//! follows the neighbours (barycentre, four sweeps).

use std::collections::{BTreeMap, BTreeSet};

use super::count;

/// Sweeps that put neighbours near each other.
pub(super) const SWEEPS: usize = 4;

/// Columns of `members` by rank; columns longer than `most` are split.
pub(super) fn columns(members: &[usize], edges: &[(usize, usize)], most: usize) -> Vec<Vec<usize>> {
    let inside: BTreeSet<usize> = members.iter().copied().collect();
    let edges: Vec<(usize, usize)> = edges
        .iter()
        .copied()
        .filter(|(from, to)| from != to && inside.contains(from) && inside.contains(to))
        .collect();
    let edges = without_cycles(members, &edges);
    let ranks = ranks(members, &edges);
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for member in members {
        let rank = ranks.get(member).copied().unwrap_or(0);
        if columns.len() <= rank {
            columns.resize_with(rank + 1, Vec::new);
        }
        if let Some(column) = columns.get_mut(rank) {
            column.push(*member);
        }
    }
    for _ in 0..SWEEPS {
        order(&mut columns, &edges);
    }
    columns
        .into_iter()
        .flat_map(|column| split(column, most))
        .collect()
}

fn split(column: Vec<usize>, most: usize) -> Vec<Vec<usize>> {
    if column.len() <= most {
        return vec![column];
    }
    let parts = column.len().div_ceil(most);
    let each = column.len().div_ceil(parts);
    column.chunks(each).map(<[usize]>::to_vec).collect()
}

/// Leaves out edges that lead back to a node that is still being visited (depth first, in order).
fn without_cycles(members: &[usize], edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut targets: BTreeSet<usize> = BTreeSet::new();
    for (from, to) in edges {
        next.entry(*from).or_default().push(*to);
        targets.insert(*to);
    }
    let (sources, rest): (Vec<usize>, Vec<usize>) =
        members.iter().partition(|node| !targets.contains(*node));
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut open: BTreeSet<usize> = BTreeSet::new();
    let mut kept = Vec::new();
    for start in sources.into_iter().chain(rest) {
        let mut stack = vec![(start, 0)];
        if !done.insert(start) {
            continue;
        }
        open.insert(start);
        while let Some((node, step)) = stack.pop() {
            let Some(target) = next
                .get(&node)
                .and_then(|targets| targets.get(step))
                .copied()
            else {
                open.remove(&node);
                continue;
            };
            stack.push((node, step + 1));
            if open.contains(&target) {
                continue;
            }
            kept.push((node, target));
            if done.insert(target) {
                open.insert(target);
                stack.push((target, 0));
            }
        }
    }
    kept
}

/// Longest path from a source, by relaxing as often as there are nodes at most.
fn ranks(members: &[usize], edges: &[(usize, usize)]) -> BTreeMap<usize, usize> {
    let mut ranks: BTreeMap<usize, usize> = members.iter().map(|node| (*node, 0)).collect();
    for _ in 0..members.len() {
        let mut changed = false;
        for (from, to) in edges {
            let least = ranks.get(from).copied().unwrap_or(0) + 1;
            if let Some(rank) = ranks.get_mut(to).filter(|rank| **rank < least) {
                *rank = least;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    ranks
}

/// One sweep: each column is sorted by the mean position of its neighbours in other columns.
pub(super) fn order(columns: &mut [Vec<usize>], edges: &[(usize, usize)]) {
    let mut position: BTreeMap<usize, f64> = BTreeMap::new();
    for column in columns.iter() {
        let middle = (count(column.len()) - 1.0) / 2.0;
        for (at, node) in column.iter().enumerate() {
            position.insert(*node, count(at) - middle);
        }
    }
    let mut neighbours: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (from, to) in edges {
        neighbours.entry(*from).or_default().push(*to);
        neighbours.entry(*to).or_default().push(*from);
    }
    for column in columns.iter_mut() {
        let mean = |node: &usize| -> f64 {
            let near = neighbours.get(node).map_or(&[][..], Vec::as_slice);
            if near.is_empty() {
                return f64::MAX;
            }
            near.iter()
                .filter_map(|other| position.get(other))
                .sum::<f64>()
                / count(near.len())
        };
        column.sort_by(|a, b| mean(a).total_cmp(&mean(b)).then(a.cmp(b)));
        let middle = (count(column.len()) - 1.0) / 2.0;
        for (at, node) in column.iter().enumerate() {
            position.insert(*node, count(at) - middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn a_chain_takes_one_column_each_and_a_cycle_ends() {
        assert_eq!(
            columns(&[0, 1, 2], &[(0, 1), (1, 2), (2, 0)], 9),
            vec![vec![0], vec![1], vec![2]]
        );
    }
}
