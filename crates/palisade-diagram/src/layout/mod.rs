//! Places a scene: zones in columns by the direction of traffic, nodes in columns within a zone.
//!
//! Both levels use the same layering; then lanes are made for links that pass columns, and the
//! order of both levels follows the places of neighbours anywhere in the drawing.

mod lanes;
mod layering;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use self::lanes::Lanes;
use self::layering::{SWEEPS, columns, order};
use crate::scene::Scene;

/// Width of a node, in pixels.
pub(crate) const NODE_WIDTH: f64 = 190.0;
/// Height of a node, in pixels.
pub(crate) const NODE_HEIGHT: f64 = 48.0;
const COLUMN_GAP: f64 = 76.0;
const ROW_GAP: f64 = 24.0;
/// Height of a lane.
const LANE_HEIGHT: f64 = 4.0;
/// Between a lane and what is next to it.
const LANE_GAP: f64 = 11.0;
const ZONE_PADDING: f64 = 22.0;
const ZONE_TITLE: f64 = 30.0;
const ZONE_GAP_X: f64 = 84.0;
const ZONE_GAP_Y: f64 = 34.0;
/// Most nodes in one column; a longer one continues in the next.
const MAX_ROWS: usize = 16;

/// Counting crossings takes every pair; a drawing larger than this is not read line by line.
const MOST_COMPARED: usize = 600;

/// A rectangle, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Rectangle {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rectangle {
    /// The height of its middle.
    pub(crate) fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// Where everything is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Placement {
    pub(crate) zones: Vec<Rectangle>,
    pub(crate) nodes: Vec<Rectangle>,
    /// Gaps that links pass.
    pub(crate) lanes: Vec<Rectangle>,
    /// For each link the lanes that it passes, in order.
    pub(crate) routes: Vec<Vec<usize>>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Placement {
    /// The place of an item: a node, or from the number of nodes on a lane.
    fn item(&self, item: usize) -> Option<&Rectangle> {
        self.nodes
            .get(item)
            .or_else(|| self.lanes.get(item.checked_sub(self.nodes.len())?))
    }

    fn set(&mut self, item: usize, place: Rectangle) {
        let nodes = self.nodes.len();
        let known = match item.checked_sub(nodes) {
            None => self.nodes.get_mut(item),
            Some(lane) => self.lanes.get_mut(lane),
        };
        if let Some(known) = known {
            *known = place;
        }
    }
}

/// A group of items that is placed as one: a zone, one node outside every zone, or a lane.
struct Group {
    zone: Option<usize>,
    columns: Vec<Vec<usize>>,
    lane: bool,
}

impl Group {
    fn of_lane(item: usize) -> Self {
        Self {
            zone: None,
            columns: vec![vec![item]],
            lane: true,
        }
    }
}

/// Everything between the scene and its places.
struct Plan<'s> {
    scene: &'s Scene,
    groups: Vec<Group>,
    columns: Vec<Vec<usize>>,
    lanes: Lanes,
}

/// Places a scene, from the origin on.
pub(crate) fn place(scene: &Scene) -> Placement {
    let edges: Vec<(usize, usize)> = scene
        .links
        .iter()
        .map(|link| (link.from, link.to))
        .collect();
    let mut groups = groups(scene, &edges);
    let mut columns = group_columns(&groups, &edges);
    let lanes = Lanes::seat(scene, &mut groups, &mut columns);
    let mut plan = Plan {
        scene,
        groups,
        columns,
        lanes,
    };
    for group in &mut plan.groups {
        for _ in 0..SWEEPS {
            order(&mut group.columns, &plan.lanes.segments);
        }
    }
    let mut best = plan.settle();
    let mut least = plan.length(&best);
    for _ in 0..2 * SWEEPS {
        let now = plan.settle();
        plan.follow_neighbours(&now);
        let next = plan.settle();
        let length = plan.length(&next);
        if length < least {
            (best, least) = (next, length);
        }
    }
    best
}

fn group_columns(groups: &[Group], edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        group_of.extend(group.columns.iter().flatten().map(|node| (*node, index)));
    }
    let between: BTreeSet<(usize, usize)> = edges
        .iter()
        .filter_map(|(from, to)| Some((*group_of.get(from)?, *group_of.get(to)?)))
        .filter(|(from, to)| from != to)
        .collect();
    let members: Vec<usize> = (0..groups.len()).collect();
    let between: Vec<(usize, usize)> = between.into_iter().collect();
    columns(&members, &between, usize::MAX)
}

fn groups(scene: &Scene, edges: &[(usize, usize)]) -> Vec<Group> {
    let mut by_zone: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (index, node) in scene.nodes.iter().enumerate() {
        let key = node.zone.map_or((usize::MAX, index), |zone| (zone, 0));
        by_zone.entry(key).or_default().push(index);
    }
    let group = |((zone, _), members): ((usize, usize), Vec<usize>)| Group {
        zone: (zone != usize::MAX).then_some(zone),
        columns: with_grid(&members, edges),
        lane: false,
    };
    by_zone.into_iter().map(group).collect()
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

impl Plan<'_> {
    fn is_lane(&self, item: usize) -> bool {
        item >= self.scene.nodes.len()
    }

    /// Height of a column with its gaps: lanes are thinner than nodes, and nearer to each other.
    fn column_height(&self, column: &[usize]) -> f64 {
        let mut height = 0.0;
        for (at, item) in column.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| column.get(before));
            height += before.map_or(0.0, |before| self.gap(*before, *item));
            height += self.height(*item);
        }
        height
    }

    fn height(&self, item: usize) -> f64 {
        if self.is_lane(item) {
            LANE_HEIGHT
        } else {
            NODE_HEIGHT
        }
    }

    fn gap(&self, above: usize, below: usize) -> f64 {
        if self.is_lane(above) || self.is_lane(below) {
            LANE_GAP
        } else {
            ROW_GAP
        }
    }

    fn size(&self, group: &Group) -> (f64, f64) {
        if group.lane {
            return (0.0, LANE_HEIGHT);
        }
        let wide = count(group.columns.len());
        let width = wide * NODE_WIDTH + (wide - 1.0).max(0.0) * COLUMN_GAP;
        let heights = group
            .columns
            .iter()
            .map(|column| self.column_height(column));
        let height = heights.fold(0.0, f64::max);
        if group.zone.is_some() {
            let title = 2.0 * ZONE_PADDING + ZONE_TITLE;
            return (width + 2.0 * ZONE_PADDING, height + title);
        }
        (width, height)
    }

    fn group_gap(&self, above: usize, below: usize) -> f64 {
        let lane = |group: usize| self.groups.get(group).is_some_and(|group| group.lane);
        match (lane(above), lane(below)) {
            (true, true) => LANE_GAP,
            (false, false) => ZONE_GAP_Y,
            _ => ZONE_GAP_Y * 0.6,
        }
    }

    fn settle(&self) -> Placement {
        let sizes: Vec<(f64, f64)> = self.groups.iter().map(|group| self.size(group)).collect();
        let size = |group: usize| sizes.get(group).copied().unwrap_or_default();
        let tall = |column: &Vec<usize>| {
            let boxes: f64 = column.iter().map(|group| size(*group).1).sum();
            let pairs = column.iter().zip(column.iter().skip(1));
            let gaps: f64 = pairs
                .map(|(above, below)| self.group_gap(*above, *below))
                .sum();
            boxes + gaps
        };
        let height = self.columns.iter().map(tall).fold(0.0, f64::max);
        let mut placement = Placement {
            zones: vec![Rectangle::default(); self.scene.zones.len()],
            nodes: vec![Rectangle::default(); self.scene.nodes.len()],
            lanes: vec![Rectangle::default(); self.lanes.count()],
            routes: self.lanes.routes.clone(),
            width: 0.0,
            height,
        };
        let mut x = 0.0;
        for column in &self.columns {
            let width = column
                .iter()
                .map(|group| size(*group).0)
                .fold(0.0, f64::max);
            let mut y = (height - tall(column)) / 2.0;
            for (at, index) in column.iter().enumerate() {
                let (own, high) = size(*index);
                let Some(group) = self.groups.get(*index) else {
                    continue;
                };
                let place = Rectangle {
                    x: if group.lane {
                        x
                    } else {
                        x + (width - own) / 2.0
                    },
                    y,
                    width: if group.lane { width } else { own },
                    height: high,
                };
                self.put(group, place, &mut placement);
                let below = column.get(at + 1);
                y += high + below.map_or(0.0, |below| self.group_gap(*index, *below));
            }
            x += width + ZONE_GAP_X;
        }
        placement.width = (x - ZONE_GAP_X).max(0.0);
        for route in &mut placement.routes {
            for lane in route {
                *lane = lane.saturating_sub(self.scene.nodes.len());
            }
        }
        placement
    }

    fn put(&self, group: &Group, place: Rectangle, placement: &mut Placement) {
        if group.lane {
            for item in group.columns.iter().flatten() {
                placement.set(*item, place);
            }
            return;
        }
        let (mut left, mut top, mut inner) = (place.x, place.y, place.height);
        if let Some(zone) = group.zone.and_then(|zone| placement.zones.get_mut(zone)) {
            *zone = place;
            left += ZONE_PADDING;
            top += ZONE_PADDING + ZONE_TITLE;
            inner -= 2.0 * ZONE_PADDING + ZONE_TITLE;
        }
        for column in &group.columns {
            let mut at = top + (inner - self.column_height(column)) / 2.0;
            for (index, item) in column.iter().enumerate() {
                let height = self.height(*item);
                let own = Rectangle {
                    x: left,
                    y: at,
                    width: NODE_WIDTH,
                    height,
                };
                placement.set(*item, own);
                let below = column.get(index + 1);
                at += height + below.map_or(0.0, |below| self.gap(*item, *below));
            }
            left += NODE_WIDTH + COLUMN_GAP;
        }
    }

    /// Sorts every column by the mean height of the neighbours of its items.
    fn follow_neighbours(&mut self, placement: &Placement) {
        let mut near: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (from, to) in &self.lanes.segments {
            if let (Some(a), Some(b)) = (placement.item(*from), placement.item(*to)) {
                near.entry(*from).or_default().push(b.middle());
                near.entry(*to).or_default().push(a.middle());
            }
        }
        let own = |item: usize| placement.item(item).map_or(0.0, Rectangle::middle);
        let wanted = |item: usize| {
            let heights = near.get(&item).map_or(&[][..], Vec::as_slice);
            if heights.is_empty() {
                return own(item);
            }
            heights.iter().sum::<f64>() / count(heights.len())
        };
        let of_group = |group: &Group| {
            let items: Vec<f64> = group
                .columns
                .iter()
                .flatten()
                .map(|item| wanted(*item))
                .collect();
            items.iter().sum::<f64>() / count(items.len().max(1))
        };
        let heights: Vec<f64> = self.groups.iter().map(of_group).collect();
        for column in &mut self.columns {
            let height = |group: &usize| heights.get(*group).copied().unwrap_or(0.0);
            column.sort_by(|a, b| height(a).total_cmp(&height(b)).then(a.cmp(b)));
        }
        for column in self.groups.iter_mut().flat_map(|group| &mut group.columns) {
            column.sort_by(|a, b| wanted(*a).total_cmp(&wanted(*b)).then(a.cmp(b)));
        }
    }

    /// How far links go up and down; crossings cost as much as a row.
    fn length(&self, placement: &Placement) -> f64 {
        let ends: Vec<(Rectangle, Rectangle)> = self
            .lanes
            .segments
            .iter()
            .filter_map(|(from, to)| Some((*placement.item(*from)?, *placement.item(*to)?)))
            .collect();
        let climbs: f64 = ends
            .iter()
            .map(|(from, to)| (from.middle() - to.middle()).abs())
            .sum();
        if ends.len() > MOST_COMPARED {
            return climbs;
        }
        let crosses = |a: &(Rectangle, Rectangle), b: &(Rectangle, Rectangle)| {
            let same = (a.0.x - b.0.x).abs() < 1.0 && (a.1.x - b.1.x).abs() < 1.0;
            same && (a.0.y - b.0.y) * (a.1.y - b.1.y) < 0.0
        };
        let crossings = ends
            .iter()
            .enumerate()
            .map(|(at, a)| ends.iter().skip(at + 1).filter(|b| crosses(a, b)).count())
            .sum();
        climbs + count(crossings) * (NODE_HEIGHT + ROW_GAP)
    }
}

/// A count as a coordinate; counts here are far below what `f64` holds exactly.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::place;
    use crate::scene::{Link, LinkState, Scene, SceneNode, Shape};

    #[test]
    fn no_two_boxes_overlap() {
        let mut scene = Scene::new("t", "q");
        let zones = [scene.zone("zone:a", "a"), scene.zone("zone:b", "b")];
        for index in 0..30 {
            scene.add(node(index, zones.get(index % 3).copied()));
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
        for lane in &placement.lanes {
            for node in &placement.nodes {
                let beside = lane.y + lane.height <= node.y || node.y + node.height <= lane.y;
                let elsewhere = lane.x + lane.width <= node.x || node.x + node.width <= lane.x;
                assert!(beside || elsewhere, "a link runs behind {node:?}");
            }
        }
    }

    #[test]
    fn a_link_over_a_column_takes_a_lane_and_neighbours_take_none() {
        let mut scene = Scene::new("t", "q");
        let zone = scene.zone("zone:a", "a");
        for index in 0..3 {
            scene.add(node(index, Some(zone)));
        }
        for (from, to) in [(0, 1), (1, 2), (0, 2)] {
            scene.link(Link {
                from,
                to,
                label: String::new(),
                state: LinkState::Open,
            });
        }
        assert_eq!(place(&scene).routes, [vec![], vec![], vec![0]]);
    }

    fn node(index: usize, zone: Option<usize>) -> SceneNode {
        SceneNode {
            id: format!("workload:{index}"),
            label: String::new(),
            detail: String::new(),
            shape: Shape::Workload,
            zone,
            badges: Vec::new(),
            alarming: false,
        }
    }
}
