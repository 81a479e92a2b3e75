//! Places a scene: zones in columns by the direction of traffic, nodes in columns within a zone.
//!
//! Both levels use the same method: ranks by longest path after edges that close a cycle are left
//! out, and an order within each rank that follows the neighbours (barycentre, four sweeps).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::scene::Scene;

/// Width of a node, in pixels.
pub(crate) const NODE_WIDTH: f64 = 176.0;
/// Height of a node, in pixels.
pub(crate) const NODE_HEIGHT: f64 = 48.0;
const COLUMN_GAP: f64 = 64.0;
const ROW_GAP: f64 = 22.0;
const ZONE_PADDING: f64 = 22.0;
const ZONE_TITLE: f64 = 30.0;
const ZONE_GAP_X: f64 = 84.0;
const ZONE_GAP_Y: f64 = 34.0;
/// Most nodes in one column; a longer one continues in the next.
const MAX_ROWS: usize = 9;
const SWEEPS: usize = 4;

/// A rectangle, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Rectangle {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Where everything is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Placement {
    pub(crate) zones: Vec<Rectangle>,
    pub(crate) nodes: Vec<Rectangle>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A group of nodes that is placed as one: a zone, or one node outside every zone.
struct Group {
    zone: Option<usize>,
    members: Vec<usize>,
    columns: Vec<Vec<usize>>,
    width: f64,
    height: f64,
}

/// Places a scene, from the origin on.
pub(crate) fn place(scene: &Scene) -> Placement {
    let edges: Vec<(usize, usize)> = scene
        .links
        .iter()
        .map(|link| (link.from, link.to))
        .collect();
    let groups = groups(scene, &edges);
    let group_of: BTreeMap<usize, usize> = groups
        .iter()
        .enumerate()
        .flat_map(|(index, group)| group.members.iter().map(move |node| (*node, index)))
        .collect();
    let between: BTreeSet<(usize, usize)> = edges
        .iter()
        .filter_map(|(from, to)| Some((*group_of.get(from)?, *group_of.get(to)?)))
        .filter(|(from, to)| from != to)
        .collect();
    let members: Vec<usize> = (0..groups.len()).collect();
    let between: Vec<(usize, usize)> = between.into_iter().collect();
    let columns = columns(&members, &between, usize::MAX);
    settle(scene, &groups, &columns)
}

fn groups(scene: &Scene, edges: &[(usize, usize)]) -> Vec<Group> {
    let mut by_zone: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (index, node) in scene.nodes.iter().enumerate() {
        let key = node.zone.map_or((usize::MAX, index), |zone| (zone, 0));
        by_zone.entry(key).or_default().push(index);
    }
    by_zone
        .into_iter()
        .map(|((zone, _), members)| {
            let zone = (zone != usize::MAX).then_some(zone);
            let columns = with_grid(&members, edges);
            let (width, height) = size(&columns, zone.is_some());
            Group {
                zone,
                members,
                columns,
                width,
                height,
            }
        })
        .collect()
}

/// Linked nodes in columns by direction; the others in a block behind them, about as high as wide.
fn with_grid(members: &[usize], edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let touched: BTreeSet<usize> = edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let (linked, alone): (Vec<usize>, Vec<usize>) =
        members.iter().partition(|node| touched.contains(*node));
    let mut columns = columns(&linked, edges, MAX_ROWS);
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let square = (1..=alone.len())
        .find(|rows| rows * rows >= alone.len())
        .unwrap_or(1);
    columns.extend(alone.chunks(square.max(tallest)).map(<[usize]>::to_vec));
    columns.retain(|column| !column.is_empty());
    columns
}

fn size(columns: &[Vec<usize>], framed: bool) -> (f64, f64) {
    let wide = count(columns.len());
    let tall = count(columns.iter().map(Vec::len).max().unwrap_or(0));
    let width = wide * NODE_WIDTH + (wide - 1.0).max(0.0) * COLUMN_GAP;
    let height = tall * NODE_HEIGHT + (tall - 1.0).max(0.0) * ROW_GAP;
    if framed {
        (
            width + 2.0 * ZONE_PADDING,
            height + 2.0 * ZONE_PADDING + ZONE_TITLE,
        )
    } else {
        (width, height)
    }
}

fn settle(scene: &Scene, groups: &[Group], columns: &[Vec<usize>]) -> Placement {
    let heights = |column: &Vec<usize>| -> f64 {
        let boxes: f64 = column
            .iter()
            .filter_map(|index| groups.get(*index))
            .map(|group| group.height)
            .sum();
        boxes + (count(column.len()) - 1.0).max(0.0) * ZONE_GAP_Y
    };
    let height = columns.iter().map(heights).fold(0.0, f64::max);
    let mut placement = Placement {
        zones: vec![Rectangle::default(); scene.zones.len()],
        nodes: vec![Rectangle::default(); scene.nodes.len()],
        width: 0.0,
        height,
    };
    let mut x = 0.0;
    for column in columns {
        let width = column
            .iter()
            .filter_map(|index| groups.get(*index))
            .map(|group| group.width)
            .fold(0.0, f64::max);
        let mut y = (height - heights(column)) / 2.0;
        for group in column.iter().filter_map(|index| groups.get(*index)) {
            let left = x + (width - group.width) / 2.0;
            put(group, left, y, &mut placement);
            y += group.height + ZONE_GAP_Y;
        }
        x += width + ZONE_GAP_X;
    }
    placement.width = (x - ZONE_GAP_X).max(0.0);
    placement
}

fn put(group: &Group, x: f64, y: f64, placement: &mut Placement) {
    let (mut left, mut top, mut inner) = (x, y, group.height);
    if let Some(zone) = group.zone.and_then(|zone| placement.zones.get_mut(zone)) {
        *zone = Rectangle {
            x,
            y,
            width: group.width,
            height: group.height,
        };
        left += ZONE_PADDING;
        top += ZONE_PADDING + ZONE_TITLE;
        inner -= 2.0 * ZONE_PADDING + ZONE_TITLE;
    }
    for column in &group.columns {
        let tall = count(column.len());
        let own = tall * NODE_HEIGHT + (tall - 1.0).max(0.0) * ROW_GAP;
        let mut at = top + (inner - own) / 2.0;
        for node in column {
            if let Some(place) = placement.nodes.get_mut(*node) {
                *place = Rectangle {
                    x: left,
                    y: at,
                    width: NODE_WIDTH,
                    height: NODE_HEIGHT,
                };
            }
            at += NODE_HEIGHT + ROW_GAP;
        }
        left += NODE_WIDTH + COLUMN_GAP;
    }
}

/// Columns of `members` by rank; columns longer than `most` are split.
fn columns(members: &[usize], edges: &[(usize, usize)], most: usize) -> Vec<Vec<usize>> {
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
fn order(columns: &mut [Vec<usize>], edges: &[(usize, usize)]) {
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

/// A count as a coordinate; counts here are far below what `f64` holds exactly.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{columns, place};
    use crate::scene::{Link, LinkState, Scene, SceneNode, Shape};

    #[test]
    fn a_chain_takes_one_column_each_and_a_cycle_ends() {
        assert_eq!(
            columns(&[0, 1, 2], &[(0, 1), (1, 2), (2, 0)], 9),
            vec![vec![0], vec![1], vec![2]]
        );
    }

    #[test]
    fn no_two_boxes_overlap() {
        let mut scene = Scene::new("t", "q");
        let zones = [scene.zone("zone:a", "a"), scene.zone("zone:b", "b")];
        for index in 0..30 {
            scene.add(SceneNode {
                id: format!("workload:{index}"),
                label: String::new(),
                detail: String::new(),
                shape: Shape::Workload,
                zone: zones.get(index % 3).copied(),
                badges: Vec::new(),
                alarming: false,
            });
        }
        for index in 0..29 {
            let link = Link {
                from: index,
                to: (index * 7 + 3) % 30,
                label: String::new(),
                state: LinkState::Open,
            };
            scene.link(link);
        }
        let placement = place(&scene);
        for (index, a) in placement.nodes.iter().enumerate() {
            for b in placement.nodes.iter().skip(index + 1) {
                let apart = a.x + a.width <= b.x
                    || b.x + b.width <= a.x
                    || a.y + a.height <= b.y
                    || b.y + b.height <= a.y;
                assert!(apart, "{a:?} and {b:?} overlap");
            }
        }
    }
}
