//! Values of types that libraries bring.

use super::library::{authorizer, format, image, network, quantity, semver, url};

/// A value of a library's type.
#[derive(Debug, Clone)]
pub(crate) enum Foreign<'v> {
    Quantity(quantity::Quantity),
    Ip(std::net::IpAddr),
    Cidr(network::Cidr),
    Url(url::Url<'v>),
    Semver(semver::Version<'v>),
    Format(format::Format),
    Image(image::Reference<'v>),
    Access(authorizer::Access<'v>),
    Decision(authorizer::Decision<'v>),
    /// A look-up that a policy language hands in: `resource`, `http`, `globalContext` and others.
    Service(&'static str),
}

impl Foreign<'_> {
    /// The name of its type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Ip(_) => "net.IP",
            Self::Cidr(_) => "net.CIDR",
            Self::Url(_) => "kubernetes.URL",
            Self::Semver(_) => "kubernetes.Semver",
            Self::Format(_) => "kubernetes.NamedFormat",
            Self::Image(_) => "kyverno.image",
            Self::Access(access) => access.type_name(),
            Self::Decision(_) => "kubernetes.authorization.Decision",
            Self::Service(name) => name,
        }
    }

    /// Equality of two values.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Quantity(a), Self::Quantity(b)) => a == b,
            (Self::Ip(a), Self::Ip(b)) => network::unmapped(*a) == network::unmapped(*b),
            (Self::Cidr(a), Self::Cidr(b)) => a == b,
            (Self::Url(a), Self::Url(b)) => a == b,
            (Self::Semver(a), Self::Semver(b)) => a.precedence(b).is_eq(),
            (Self::Format(a), Self::Format(b)) => a == b,
            (Self::Image(a), Self::Image(b)) => a == b,
            (Self::Decision(a), Self::Decision(b)) => a == b,
            (Self::Service(a), Self::Service(b)) => a == b,
            _ => false,
        }
    }

    /// Its text, where it has one.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Quantity(quantity) => Some(quantity.to_string()),
            Self::Ip(ip) => Some(ip.to_string()),
            Self::Cidr(cidr) => Some(cidr.to_string()),
            Self::Url(url) => Some(url.text().to_owned()),
            Self::Semver(version) => Some(version.to_string()),
            Self::Image(image) => Some(image.to_string()),
            Self::Format(_) | Self::Access(_) | Self::Decision(_) | Self::Service(_) => None,
        }
    }
}
