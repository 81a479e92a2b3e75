//! Addresses outside the cluster, split where policies tell them apart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use palisade_model::Cidr;

/// Addresses from `first` to `last`, both included and of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalRange {
    /// The lowest address.
    pub first: IpAddr,
    /// The highest address.
    pub last: IpAddr,
}

impl std::fmt::Display for ExternalRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.first, self.last)
    }
}

/// The external space as atoms: ranges that no policy splits. IPv4 first, then IPv6, ascending.
#[derive(Debug)]
pub(super) struct Space {
    /// First address of each IPv4 atom, as a number.
    v4: Vec<u32>,
    /// First address of each IPv6 atom, as a number.
    v6: Vec<u128>,
    /// Whether any policy speaks of IPv6.
    pub(super) names_v6: bool,
}

impl Space {
    /// Splits the space at the boundaries of these blocks.
    pub(super) fn new(blocks: impl Iterator<Item = Cidr>) -> Self {
        let (mut v4, mut v6, mut names_v6) = (vec![0], vec![0], false);
        for block in blocks {
            match block.net() {
                ipnet::IpNet::V4(net) => {
                    v4.push(u32::from(net.network()));
                    v4.extend(u32::from(net.broadcast()).checked_add(1));
                }
                ipnet::IpNet::V6(net) => {
                    names_v6 = true;
                    v6.push(u128::from(net.network()));
                    v6.extend(u128::from(net.broadcast()).checked_add(1));
                }
            }
        }
        v4.sort_unstable();
        v4.dedup();
        v6.sort_unstable();
        v6.dedup();
        Self { v4, v6, names_v6 }
    }

    /// How many atoms there are.
    pub(super) fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Atoms of a block: the first, and one past the last.
    pub(super) fn atoms(&self, block: Cidr) -> (usize, usize) {
        match block.net() {
            ipnet::IpNet::V4(net) => {
                let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
                (
                    self.v4.partition_point(|start| *start < first),
                    self.v4.partition_point(|start| *start <= last),
                )
            }
            ipnet::IpNet::V6(net) => {
                let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
                (
                    self.v4.len() + self.v6.partition_point(|start| *start < first),
                    self.v4.len() + self.v6.partition_point(|start| *start <= last),
                )
            }
        }
    }

    /// The addresses from one atom to another of the same family, both included.
    pub(super) fn range(&self, first: usize, last: usize) -> Option<ExternalRange> {
        if let Some(start) = self.v4.get(first) {
            let end = self.v4.get(last + 1).map_or(u32::MAX, |next| next - 1);
            return Some(ExternalRange {
                first: Ipv4Addr::from(*start).into(),
                last: Ipv4Addr::from(end).into(),
            });
        }
        let skipped = self.v4.len();
        let start = self.v6.get(first - skipped)?;
        let end = self
            .v6
            .get(last.checked_sub(skipped)? + 1)
            .map_or(u128::MAX, |next| next - 1);
        Some(ExternalRange {
            first: Ipv6Addr::from(*start).into(),
            last: Ipv6Addr::from(end).into(),
        })
    }

    /// Whether an atom begins the addresses of a family, so that it joins nothing before it.
    pub(super) fn begins_family(&self, atom: usize) -> bool {
        atom == 0 || atom == self.v4.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Cidr {
        text.parse().expect("a block")
    }

    #[test]
    fn blocks_split_the_space_and_are_found_again() {
        let space =
            Space::new([block("10.0.0.0/8"), block("10.1.0.0/16"), block("fd00::/8")].into_iter());
        assert_eq!(space.len(), 5 + 3);
        let (first, end) = space.atoms(block("10.0.0.0/8"));
        let range = space.range(first, end - 1).expect("a range");
        assert_eq!(range.to_string(), "10.0.0.0-10.255.255.255");
        let (first, end) = space.atoms(block("fd00::/8"));
        assert_eq!(end - first, 1);
        let range = space.range(first, first).expect("a range");
        assert_eq!(range.first.to_string(), "fd00::");
    }

    #[test]
    fn the_whole_space_is_one_atom_per_family() {
        let space = Space::new([block("0.0.0.0/0")].into_iter());
        assert_eq!(space.len(), 2);
        assert_eq!(
            space.range(0, 0).map(|range| range.to_string()).as_deref(),
            Some("0.0.0.0-255.255.255.255")
        );
        assert!(space.begins_family(1));
    }
}
