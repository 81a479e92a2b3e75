//! Istio's string patterns: exact, prefix `x*`, suffix `*x`, presence `*`.

/// The trust domain of a mesh that does not say another.
const DEFAULT_TRUST_DOMAIN: &str = "cluster.local";

/// An answer that the code may not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// No.
    No,
    /// It depends on something outside the code.
    Perhaps,
    /// Yes.
    Yes,
}

/// Whether a pattern matches a value that is there.
pub(crate) fn matches(pattern: &str, value: &str) -> bool {
    if pattern == "*" {
        return !value.is_empty();
    }
    if let Some(prefix) = pattern.strip_suffix('*') {
        return value.starts_with(prefix);
    }
    if let Some(suffix) = pattern.strip_prefix('*') {
        return value.ends_with(suffix);
    }
    pattern == value
}

/// The workload identity of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) service_account: &'a str,
}

impl Peer<'_> {
    /// Whether a `td/ns/NAMESPACE/sa/NAME` pattern matches. Another trust domain than the default
    /// one may be this mesh's own, which only its running configuration says.
    pub(crate) fn is_principal(&self, pattern: &str) -> Answer {
        let rest = format!("/ns/{}/sa/{}", self.namespace, self.service_account);
        if matches(pattern, &format!("{DEFAULT_TRUST_DOMAIN}{rest}")) {
            return Answer::Yes;
        }
        let Some((domain, _)) = pattern.split_once("/ns/") else {
            return Answer::No;
        };
        let other_domain = domain != DEFAULT_TRUST_DOMAIN && !domain.contains(['*', '/']);
        if other_domain && matches(pattern, &format!("{domain}{rest}")) {
            Answer::Perhaps
        } else {
            Answer::No
        }
    }

    /// Whether a `namespace/name` or `name` pattern of a policy in `policy_namespace` matches.
    pub(crate) fn is_service_account(&self, pattern: &str, policy_namespace: &str) -> bool {
        let (namespace, name) = pattern
            .split_once('/')
            .unwrap_or((policy_namespace, pattern));
        namespace == self.namespace && (name == "*" || name == self.service_account)
    }
}

/// Namespace and service account of a principal that is written in full.
pub(crate) fn principal_parts(principal: &str) -> Option<(&str, &str)> {
    let (_, rest) = principal.split_once("/ns/")?;
    rest.split_once("/sa/")
}

#[cfg(test)]
mod tests {
    use super::{Answer, Peer, matches};

    const CART: Peer<'static> = Peer {
        namespace: "shop",
        service_account: "cart",
    };

    #[test]
    fn patterns_are_exact_prefix_suffix_or_presence() {
        assert!(matches("*", "x"));
        assert!(!matches("*", ""));
        assert!(matches("/api/*", "/api/cart"));
        assert!(matches("*.example.com", "shop.example.com"));
        assert!(!matches("/api", "/api/cart"));
    }

    #[test]
    fn a_principal_has_no_scheme() {
        let principal = "cluster.local/ns/shop/sa/cart";
        assert_eq!(CART.is_principal(principal), Answer::Yes);
        assert_eq!(
            CART.is_principal(&format!("spiffe://{principal}")),
            Answer::No
        );
        assert_eq!(CART.is_principal("*/ns/shop/sa/cart"), Answer::Yes);
        assert_eq!(CART.is_principal("cluster.local/ns/shop/*"), Answer::Yes);
        assert_eq!(CART.is_principal("cluster.local/ns/bank/*"), Answer::No);
    }

    #[test]
    fn another_trust_domain_may_be_the_meshs_own() {
        assert_eq!(
            CART.is_principal("example.org/ns/shop/sa/cart"),
            Answer::Perhaps
        );
        assert_eq!(CART.is_principal("example.org/ns/shop/sa/x"), Answer::No);
    }
}
