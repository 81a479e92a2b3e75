//! Sets of connections: for each protocol, the ports it may go to.

use std::sync::Arc;

use palisade_model::{Port, PortRange, Protocol};

/// Ports from the first to the second, both included.
type Interval = (u16, u16);

const FIRST_PORT: u16 = 1;
const LAST_PORT: u16 = u16::MAX;

/// Ports by protocol. Intervals are sorted, disjoint and not adjacent, so equal sets compare equal;
/// a clone shares them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ConnectionSet {
    ports: Arc<[Vec<Interval>; 3]>,
}

impl ConnectionSet {
    /// No connection.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every port of every protocol.
    pub fn all() -> Self {
        let every = || vec![(FIRST_PORT, LAST_PORT)];
        Self {
            ports: Arc::new([every(), every(), every()]),
        }
    }

    /// Every port of a protocol.
    pub fn protocol(protocol: Protocol) -> Self {
        Self::interval(protocol, (FIRST_PORT, LAST_PORT))
    }

    /// One port.
    pub fn port(protocol: Protocol, port: Port) -> Self {
        Self::interval(protocol, (port.get(), port.get()))
    }

    /// The ports of a range; empty when it is upside down.
    pub fn range(protocol: Protocol, range: PortRange) -> Self {
        Self::interval(protocol, (range.first.get(), range.last.get()))
    }

    fn interval(protocol: Protocol, (first, last): Interval) -> Self {
        if first > last {
            return Self::none();
        }
        let of = |candidate: Protocol| {
            if candidate == protocol {
                vec![(first, last)]
            } else {
                Vec::new()
            }
        };
        Self {
            ports: Arc::new(Protocol::ALL.map(of)),
        }
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.ports.iter().all(Vec::is_empty)
    }

    /// Whether everything is allowed.
    pub fn is_all(&self) -> bool {
        self.ports
            .iter()
            .all(|ports| ports.as_slice() == [(FIRST_PORT, LAST_PORT)])
    }

    /// Whether connections to this port are in it.
    pub fn contains(&self, protocol: Protocol, port: Port) -> bool {
        let number = port.get();
        self.intervals(protocol)
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&number))
    }

    /// The ports of a protocol as sorted, disjoint intervals with both ends included.
    pub fn intervals(&self, protocol: Protocol) -> &[(u16, u16)] {
        Protocol::ALL
            .iter()
            .zip(self.ports.iter())
            .find(|(candidate, _)| **candidate == protocol)
            .map_or(&[], |(_, ports)| ports.as_slice())
    }

    /// Connections in both.
    pub fn intersect(&self, other: &Self) -> Self {
        self.combine(other, intersection)
    }

    /// Connections in either.
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, union)
    }

    /// Connections in this one and not in the other.
    pub fn subtract(&self, other: &Self) -> Self {
        self.combine(other, |kept, removed| {
            intersection(kept, &complement(removed))
        })
    }

    fn combine(
        &self,
        other: &Self,
        with: impl Fn(&[Interval], &[Interval]) -> Vec<Interval>,
    ) -> Self {
        let mut ports: [Vec<Interval>; 3] = Default::default();
        for ((out, left), right) in ports
            .iter_mut()
            .zip(self.ports.iter())
            .zip(other.ports.iter())
        {
            *out = with(left, right);
        }
        Self {
            ports: Arc::new(ports),
        }
    }
}

fn intersection(left: &[Interval], right: &[Interval]) -> Vec<Interval> {
    let mut out = Vec::new();
    let (mut lefts, mut rights) = (
        left.iter().copied().peekable(),
        right.iter().copied().peekable(),
    );
    while let (Some(a), Some(b)) = (lefts.peek().copied(), rights.peek().copied()) {
        let (first, last) = (a.0.max(b.0), a.1.min(b.1));
        if first <= last {
            out.push((first, last));
        }
        if a.1 <= b.1 {
            lefts.next();
        } else {
            rights.next();
        }
    }
    out
}

fn union(left: &[Interval], right: &[Interval]) -> Vec<Interval> {
    let mut sorted: Vec<Interval> = left.iter().chain(right).copied().collect();
    sorted.sort_unstable();
    let mut out: Vec<Interval> = Vec::with_capacity(sorted.len());
    for (first, last) in sorted {
        match out.last_mut() {
            Some(open) if u32::from(first) <= u32::from(open.1) + 1 => open.1 = open.1.max(last),
            _ => out.push((first, last)),
        }
    }
    out
}

fn complement(ports: &[Interval]) -> Vec<Interval> {
    let mut out = Vec::with_capacity(ports.len() + 1);
    let mut next = u32::from(FIRST_PORT);
    for &(first, last) in ports {
        if let Ok(start) = u16::try_from(next)
            && start < first
        {
            out.push((start, first - 1));
        }
        next = u32::from(last) + 1;
    }
    if let Ok(start) = u16::try_from(next) {
        out.push((start, LAST_PORT));
    }
    out
}

impl std::fmt::Display for ConnectionSet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_all() {
            return formatter.write_str("All Connections");
        }
        if self.is_empty() {
            return formatter.write_str("No Connections");
        }
        let mut separator = "";
        for (protocol, ports) in Protocol::ALL.iter().zip(self.ports.iter()) {
            for (index, (first, last)) in ports.iter().enumerate() {
                formatter.write_str(separator)?;
                separator = ",";
                if index == 0 {
                    write!(formatter, "{} ", protocol.name())?;
                }
                write!(formatter, "{first}")?;
                if last > first {
                    write!(formatter, "-{last}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(first: i64, last: i64) -> ConnectionSet {
        let port = |number| Port::new(number).expect("a port");
        let range = PortRange {
            first: port(first),
            last: port(last),
        };
        ConnectionSet::range(Protocol::Tcp, range)
    }

    #[test]
    fn display_names_all_none_and_ranges_by_protocol() {
        assert_eq!(ConnectionSet::all().to_string(), "All Connections");
        assert_eq!(ConnectionSet::none().to_string(), "No Connections");
        let dns = ConnectionSet::port(Protocol::Udp, Port::new(53).expect("a port"));
        let mixed = ConnectionSet::protocol(Protocol::Sctp)
            .union(&tcp(1, 79))
            .union(&tcp(81, 65535))
            .union(&dns);
        assert_eq!(mixed.to_string(), "SCTP 1-65535,TCP 1-79,81-65535,UDP 53");
    }

    #[test]
    fn adjacent_ranges_become_one() {
        assert_eq!(tcp(1, 79).union(&tcp(80, 90)), tcp(1, 90));
    }

    #[test]
    fn subtraction_keeps_both_sides() {
        let rest = tcp(1, 65535).subtract(&tcp(80, 80));
        assert_eq!(rest, tcp(1, 79).union(&tcp(81, 65535)));
        assert!(rest.intersect(&tcp(80, 80)).is_empty());
        assert!(
            ConnectionSet::all()
                .subtract(&ConnectionSet::all())
                .is_empty()
        );
    }

    #[test]
    fn an_upside_down_range_is_empty() {
        assert!(tcp(90, 80).is_empty());
    }
}
