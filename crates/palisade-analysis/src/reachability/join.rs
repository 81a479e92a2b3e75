//! Egress rows joined with ingress rows, and the number of paths that come out.

use indexmap::IndexMap;
use palisade_model::{Model, Port, Protocol, Workload};

use super::bitmap::Bitmap;
use super::budget::Budget;
use super::classes::{Classes, slot};
use super::connection_set::ConnectionSet;
use super::rows::{Row, RowId, Rows};
use super::sets::{NONE, SetId, Sets};

/// A cell that covers more than this part of all classes is asked for each source instead of
/// being listed under each of them.
const COMMON_PART: u64 = 16;

/// So many sources are listed under their cells at most: 64 MiB.
const MOST_LISTED: u64 = 1 << 23;

/// So many counts are remembered at once; nearly every model has fewer.
const REMEMBERED: usize = 1 << 20;

/// Ingress cells by the source that they let in.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    /// Cells of each class.
    by_source: Vec<Vec<(RowId, SetId)>>,
    /// Row and place of cells that let in many.
    common: Vec<(RowId, usize)>,
}

impl Inbound {
    /// Turns ingress rows around.
    pub(super) fn of(ingress: &Rows, classes: &Classes) -> Self {
        let mut out = Self {
            by_source: vec![Vec::new(); slot(classes.len())],
            common: Vec::new(),
        };
        let limit = u64::from(classes.len()) / COMMON_PART;
        let mut listed = 0;
        for (row, id) in ingress.rows.iter().zip(0..) {
            for (place, (set, sources)) in row.cells.iter().enumerate() {
                if sources.len() > limit || listed > MOST_LISTED {
                    out.common.push((id, place));
                    continue;
                }
                listed += sources.len();
                for source in sources.iter() {
                    if let Some(list) = out.by_source.get_mut(slot(source)) {
                        list.push((id, *set));
                    }
                }
            }
        }
        out
    }

    /// How many cells are asked for every source.
    pub(super) fn common(&self) -> u64 {
        self.common.len() as u64
    }

    /// Rows that let a class in, with what they let in.
    pub(super) fn to<'r>(
        &'r self,
        source: u32,
        ingress: &'r Rows,
    ) -> impl Iterator<Item = (&'r Row, RowId, SetId)> {
        let own = self.by_source.get(slot(source)).into_iter().flatten();
        let common = self.common.iter().filter_map(move |(id, place)| {
            let (set, sources) = ingress.rows.get(slot(*id))?.cells.get(*place)?;
            sources.contains(source).then_some((*id, *set))
        });
        own.copied()
            .chain(common)
            .filter_map(|(id, set)| Some((ingress.rows.get(slot(id))?, id, set)))
    }
}

/// Declared ports of a workload, each once, sorted.
type Declared = Vec<(Protocol, Port)>;

/// Counts ports of destinations that sets let through, by class.
pub(super) struct Ports {
    /// Declared ports of the class's only-labelled workloads: each distinct list with how many.
    of_class: Vec<Vec<(Declared, u64)>>,
    by_class: IndexMap<(u32, SetId), u64>,
    by_row: IndexMap<(RowId, SetId), u64>,
}

/// Declared ports of a workload, each once.
pub(super) fn declared(workload: &Workload) -> Declared {
    let ports = workload.containers.iter().flat_map(|c| &c.ports);
    let mut out: Vec<_> = ports.map(|port| (port.protocol, port.port)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// Declared ports that a set lets through; 1 when none is declared and anything is let through.
pub(super) fn open_ports(declared: &[(Protocol, Port)], set: &ConnectionSet) -> u64 {
    if declared.is_empty() {
        return u64::from(!set.is_empty());
    }
    let open = declared
        .iter()
        .filter(|(protocol, port)| set.contains(*protocol, *port));
    open.count() as u64
}

impl Ports {
    /// Collects the ports of workloads with one class; others are counted one by one.
    pub(super) fn of(model: &Model, classes: &Classes) -> Self {
        let lists = |members: &Vec<u32>| {
            let mut lists: IndexMap<Vec<_>, u64> = IndexMap::new();
            for member in members {
                if classes
                    .of_workload
                    .get(slot(*member))
                    .is_some_and(|c| c.len() == 1)
                    && let Some(workload) = model.workloads.get(slot(*member))
                {
                    *lists.entry(declared(workload)).or_insert(0) += 1;
                }
            }
            lists.into_iter().collect()
        };
        Self {
            of_class: classes.members.iter().map(lists).collect(),
            by_class: IndexMap::new(),
            by_row: IndexMap::new(),
        }
    }

    /// Ports over all workloads of a class.
    pub(super) fn class(&mut self, class: u32, set: SetId, sets: &Sets) -> u64 {
        if let Some(known) = self.by_class.get(&(class, set)) {
            return *known;
        }
        let connections = sets.get(set);
        let lists = self.of_class.get(slot(class)).into_iter().flatten();
        let count = lists
            .map(|(declared, times)| open_ports(declared, &connections) * times)
            .sum();
        if self.by_class.len() >= REMEMBERED {
            self.by_class.clear();
        }
        self.by_class.insert((class, set), count);
        count
    }

    /// Ports over all classes of a bitmap.
    pub(super) fn classes(&mut self, classes: &Bitmap, set: SetId, sets: &Sets) -> u64 {
        classes
            .iter()
            .map(|class| self.class(class, set, sets))
            .sum()
    }

    /// Ports over all subjects of a row.
    pub(super) fn row(&mut self, (id, row): (RowId, &Row), set: SetId, sets: &Sets) -> u64 {
        if let Some(known) = self.by_row.get(&(id, set)) {
            return *known;
        }
        let count = self.classes(&row.subjects, set, sets);
        if self.by_row.len() >= REMEMBERED {
            self.by_row.clear();
        }
        self.by_row.insert((id, set), count);
        count
    }
}

/// Rows of both directions with the sets that they speak of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'r> {
    pub(super) classes: &'r Classes,
    pub(super) egress: &'r Rows,
    pub(super) ingress: &'r Rows,
    pub(super) inbound: &'r Inbound,
}

impl<'r> Tables<'r> {
    /// What a class may send to a class, from either side of the cluster's border.
    pub(super) fn between(&self, from: u32, to: u32) -> (SetId, SetId) {
        let egress = self
            .egress
            .of(from)
            .map_or(super::sets::ALL, |row| row.with(to));
        let ingress = self
            .ingress
            .of(to)
            .map_or(super::sets::ALL, |row| row.with(from));
        (egress, ingress)
    }

    /// Ordered triples of a source workload, a destination workload and a port of it, plus those
    /// from the internet as one source; `None` when counting cannot be afforded.
    pub(super) fn paths(self, model: &'r Model, sets: &mut Sets) -> Option<u64> {
        let mut ports = Ports::of(model, self.classes);
        let mut budget = Budget::new();
        let mut total = self.outside_reaches(&mut ports, sets);
        for (source, members) in (0_u32..).zip(&self.classes.members) {
            let single = |member: &&u32| self.is_single(**member);
            let weight = members.iter().filter(single).count() as u64;
            if weight == 0 {
                continue;
            }
            let reached = self.reached_by(source, &mut ports, (sets, &mut budget));
            if budget.is_spent() {
                return None;
            }
            let (out, into) = self.between(source, source);
            let itself = sets.intersect(out, into);
            total += weight * reached;
            total -= ports.class(source, itself, sets);
        }
        Some(total + self.several(model, (sets, &mut budget))?)
    }

    fn is_single(&self, workload: u32) -> bool {
        let classes = self.classes.of_workload.get(slot(workload));
        classes.is_some_and(|classes| classes.len() == 1)
    }

    fn reached_by(
        &self,
        source: u32,
        ports: &mut Ports,
        (sets, budget): (&mut Sets, &mut Budget),
    ) -> u64 {
        let Some(egress) = self.egress.of(source) else {
            return 0;
        };
        let mut total = 0;
        budget.spend(16 * self.inbound.common());
        for (row, id, let_in) in self.inbound.to(source, self.ingress) {
            for (sent, peers) in &egress.cells {
                budget.spend(row.subjects.weight());
                if row.subjects.is_subset(peers) {
                    let set = sets.intersect(*sent, let_in);
                    total += ports.row((id, row), set, sets);
                    break;
                }
                let both = row.subjects.and(peers);
                if !both.is_empty() {
                    let set = sets.intersect(*sent, let_in);
                    total += ports.classes(&both, set, sets);
                }
            }
        }
        total
    }

    fn outside_reaches(&self, ports: &mut Ports, sets: &mut Sets) -> u64 {
        let mut total = 0;
        for (row, id) in self.ingress.rows.iter().zip(0..) {
            total += ports.row((id, row), row.outside, sets);
        }
        total
    }

    /// Paths from and to workloads whose pods differ: each is the union over its pods.
    fn several(&self, model: &Model, (sets, budget): (&mut Sets, &mut Budget)) -> Option<u64> {
        let count = self.classes.of_workload.len();
        let every = 0..u32::try_from(count).unwrap_or(u32::MAX);
        let differing: Vec<u32> = every.clone().filter(|one| !self.is_single(*one)).collect();
        let mut total = 0;
        for one in &differing {
            // Each pair costs a look at two rows.
            budget.spend(2 * count as u64);
            if budget.is_spent() {
                return None;
            }
            let Some(workload) = model.workloads.get(slot(*one)) else {
                continue;
            };
            let own = declared(workload);
            let mut from_internet = NONE;
            for row in self
                .classes_of(*one)
                .filter_map(|class| self.ingress.of(class))
            {
                from_internet = sets.union(from_internet, row.outside);
            }
            total += open_ports(&own, &sets.get(from_internet));
            for other in every.clone().filter(|other| other != one) {
                let to_own = self.merged(other, *one, sets);
                total += open_ports(&own, &sets.get(to_own));
                if self.is_single(other)
                    && let Some(workload) = model.workloads.get(slot(other))
                {
                    let from_own = self.merged(*one, other, sets);
                    total += open_ports(&declared(workload), &sets.get(from_own));
                }
            }
        }
        Some(total)
    }

    fn classes_of(&self, workload: u32) -> impl Iterator<Item = u32> + 'r {
        let classes: &'r Classes = self.classes;
        let own = classes.of_workload.get(slot(workload));
        own.into_iter().flatten().copied()
    }

    /// What one workload may send to another, over all of their pods.
    pub(super) fn merged(&self, from: u32, to: u32, sets: &mut Sets) -> SetId {
        let mut all = NONE;
        for source in self.classes_of(from) {
            for target in self.classes_of(to) {
                let (out, into) = self.between(source, target);
                let both = sets.intersect(out, into);
                all = sets.union(all, both);
            }
        }
        all
    }
}

/// The number of paths when everything may reach everything.
pub(super) fn all_paths(model: &Model) -> u64 {
    let ports = model.workloads.iter().map(|workload| {
        let own = declared(workload).len() as u64;
        own.max(1)
    });
    // Every other workload and the internet: as many sources as there are workloads.
    ports.sum::<u64>() * model.workloads.len() as u64
}
