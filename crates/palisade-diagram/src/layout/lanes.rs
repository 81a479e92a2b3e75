//! Lanes: the gaps through which links pass the columns between their ends, so that no line runs
//! behind a box. Links to one node with one state share their lanes.

use std::collections::BTreeMap;

use super::Group;
use crate::scene::{LinkState, Scene};

/// Where a node stands: its group, and its column there.
#[derive(Debug, Clone, Copy)]
struct Seat {
    group: usize,
    column: usize,
}

/// A column that links have to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    /// Of a group.
    Inside(usize, usize),
    /// Of the whole drawing, between groups.
    Between(usize),
}

/// The lanes of every link.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Items that each link passes, in order.
    pub(super) routes: Vec<Vec<usize>>,
    /// Neighbouring items on routes, ends included.
    pub(super) segments: Vec<(usize, usize)>,
    known: BTreeMap<(Spot, usize, LinkState), usize>,
    first: usize,
}

impl Lanes {
    /// Makes lanes where links need them, and seats them in the columns. Items from the number of
    /// nodes on are lanes.
    pub(super) fn seat(scene: &Scene, groups: &mut Vec<Group>, columns: &mut [Vec<usize>]) -> Self {
        let seats = seats(groups);
        let ranks: BTreeMap<usize, usize> = columns
            .iter()
            .enumerate()
            .flat_map(|(rank, column)| column.iter().map(move |group| (*group, rank)))
            .collect();
        let widths: Vec<usize> = groups.iter().map(|group| group.columns.len()).collect();
        let mut lanes = Self {
            first: scene.nodes.len(),
            ..Self::default()
        };
        for link in &scene.links {
            let spots = match (seats.get(&link.from), seats.get(&link.to)) {
                (Some(from), Some(to)) => spots(*from, *to, &ranks, &widths),
                _ => Vec::new(),
            };
            let route: Vec<usize> = spots
                .into_iter()
                .map(|spot| lanes.lane(spot, link.to, link.state))
                .collect();
            let mut before = link.from;
            for item in route.iter().copied().chain([link.to]) {
                lanes.segments.push((before, item));
                before = item;
            }
            lanes.routes.push(route);
        }
        lanes.segments.sort_unstable();
        lanes.segments.dedup();
        for ((spot, _, _), item) in &lanes.known {
            match spot {
                Spot::Inside(group, column) => {
                    let group = groups.get_mut(*group);
                    if let Some(column) = group.and_then(|group| group.columns.get_mut(*column)) {
                        column.push(*item);
                    }
                }
                Spot::Between(rank) => {
                    if let Some(column) = columns.get_mut(*rank) {
                        column.push(groups.len());
                        groups.push(Group::of_lane(*item));
                    }
                }
            }
        }
        lanes
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    fn lane(&mut self, spot: Spot, target: usize, state: LinkState) -> usize {
        let next = self.first + self.known.len();
        *self.known.entry((spot, target, state)).or_insert(next)
    }
}

fn seats(groups: &[Group]) -> BTreeMap<usize, Seat> {
    let mut seats = BTreeMap::new();
    for (group, known) in groups.iter().enumerate() {
        for (column, nodes) in known.columns.iter().enumerate() {
            seats.extend(nodes.iter().map(|node| (*node, Seat { group, column })));
        }
    }
    seats
}

/// The columns between two seats, for a link that goes forward; one that goes back has none.
fn spots(from: Seat, to: Seat, ranks: &BTreeMap<usize, usize>, widths: &[usize]) -> Vec<Spot> {
    if from.group == to.group {
        let between = from.column.saturating_add(1)..to.column;
        return between
            .map(|column| Spot::Inside(from.group, column))
            .collect();
    }
    let rank = |group: usize| ranks.get(&group).copied().unwrap_or(0);
    let (first, last) = (rank(from.group), rank(to.group));
    if first >= last {
        return Vec::new();
    }
    let width = widths.get(from.group).copied().unwrap_or(0);
    let out = (from.column.saturating_add(1)..width).map(|column| Spot::Inside(from.group, column));
    let over = (first.saturating_add(1)..last).map(Spot::Between);
    let into = (0..to.column).map(|column| Spot::Inside(to.group, column));
    out.chain(over).chain(into).collect()
}
