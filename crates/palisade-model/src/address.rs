//! Addresses, protocols and ports.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A transport protocol that network policies tell apart.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// SCTP.
    Sctp,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// Every protocol, in the order of their names.
    pub const ALL: [Self; 3] = [Self::Sctp, Self::Tcp, Self::Udp];

    /// The name as Kubernetes writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sctp => "SCTP",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// A port number, 1 to 65535.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Port(std::num::NonZeroU16);

impl Port {
    /// The port of this number; `None` outside 1 to 65535.
    pub fn new(number: i64) -> Option<Self> {
        u16::try_from(number)
            .ok()
            .and_then(std::num::NonZeroU16::new)
            .map(Self)
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// Ports from `first` to `last`, both included.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct PortRange {
    /// The lowest.
    pub first: Port,
    /// The highest; never below `first`.
    pub last: Port,
}

/// A block of IPv4 or IPv6 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
pub struct Cidr(#[schemars(with = "String")] ipnet::IpNet);

/// Why a text is not a [`Cidr`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not an address block: expected `10.0.0.0/8` or `fd00::/8`")]
pub struct ParseCidrError {
    /// The text as given.
    pub input: String,
}

impl Cidr {
    /// The block.
    pub const fn net(self) -> ipnet::IpNet {
        self.0
    }
}

impl std::str::FromStr for Cidr {
    type Err = ParseCidrError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        let net: ipnet::IpNet = input.trim().parse().map_err(|_| ParseCidrError {
            input: input.to_owned(),
        })?;
        Ok(Self(net.trunc()))
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for Cidr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
